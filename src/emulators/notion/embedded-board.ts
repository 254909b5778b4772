import { once } from 'node:events';
import { type BoardDatabase, createBoardDatabase } from './board-database.ts';
import { createFaults, type Fault } from './faults.ts';
import { type EmbeddedBoardOptions, settingsOf } from './options.ts';
import { textItems } from './rich-text.ts';
import type { PropertySchema } from './schema.ts';
import { createBoardServer, type Exchange } from './server.ts';
import { Workspace } from './workspace.ts';

/** A Notion workspace of one's own: a strict, stateful emulator of the Notion API on the loopback interface. */
export interface EmbeddedBoard {
  /** What the client takes as its base URL. */
  readonly url: string;
  readonly token: string;
  /** The page that databases stand under. */
  readonly rootPageId: string;
  /** The knobs; turning one takes effect with the next request. */
  readonly options: EmbeddedBoardOptions;
  /** Creates a database with one data source under the root page, as a person does. */
  createDatabase(title: string, properties: Record<string, PropertySchema>): BoardDatabase;
  fault(fault: Fault): void;
  clearFaults(): void;
  /** Calls the listener after every finished request. */
  onExchange(listener: (exchange: Exchange) => void): void;
  /** Requests that arrived so far, in all or for a route such as `pages.update`. */
  count(route?: string): number;
  /** Stops listening and cuts every open connection. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startEmbeddedBoard(given: EmbeddedBoardOptions = {}): Promise<EmbeddedBoard> {
  const options = { ...given };
  const { port, token } = settingsOf(options);
  const workspace = new Workspace(options);
  const title = { type: 'title', content: textItems('Embedded board') } as const;
  workspace.addPage(undefined, new Map([['title', title]]), workspace.personId);

  const faults = createFaults();
  const listeners: ((exchange: Exchange) => void)[] = [];
  const counts = new Map<string, number>();
  const closing = new AbortController();
  const server = createBoardServer({
    workspace,
    faults,
    onArrival: (route) => void counts.set(route, (counts.get(route) ?? 0) + 1),
    onExchange: (exchange) => {
      for (const listener of listeners) listener(exchange);
    },
    signal: closing.signal,
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The embedded board has no port.');
  workspace.origin = `http://127.0.0.1:${address.port}`;

  const close = async () => {
    if (closing.signal.aborted) return;
    closing.abort(new Error('The embedded board is closed.'));
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };

  return {
    url: workspace.origin,
    token,
    rootPageId: workspace.rootPageId,
    options,
    createDatabase: (title, properties) => createBoardDatabase(title, properties, workspace),
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    onExchange: (listener) => void listeners.push(listener),
    count: (route) =>
      route === undefined ? [...counts.values()].reduce((sum, each) => sum + each, 0) : (counts.get(route) ?? 0),
    close,
    [Symbol.asyncDispose]: close,
  };
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parseJson } from '../../lib/json.ts';
import { createApi, type Incoming, maxBodyBytes, type Reply } from './api.ts';
import { commits, type Fault, type Faults, send, sendFault } from './faults.ts';
import { findRoute } from './router.ts';
import type { Workspace } from './workspace.ts';

/** One finished request, as a test may want to look at it. */
export interface Exchange {
  /** The route's name, such as `pages.update`; `unknown` when there is none. */
  route: string;
  method: string;
  path: string;
  query: URLSearchParams;
  notionVersion?: string;
  /** Parsed JSON; undefined for anything else. */
  requestBody: unknown;
  /** 0 when the socket was cut before an answer. */
  status: number;
  /** Parsed JSON, or the text of an answer that is not JSON; undefined when there was none. */
  responseBody: unknown;
}

/** The board's HTTP server, not yet listening. */
export function createBoardServer({
  workspace,
  faults,
  onArrival,
  onExchange,
  signal,
}: {
  workspace: Workspace;
  faults: Faults;
  onArrival: (route: string) => void;
  onExchange: (exchange: Exchange) => void;
  /** Aborts when the board closes. */
  signal: AbortSignal;
}): Server {
  const api = createApi(workspace);

  /** Answers as the API does, or as the fault makes it; a fault changes nothing of a request that the API refuses. */
  const answer = async (incoming: Incoming, fault: Fault | undefined, route: string, response: ServerResponse) => {
    const reply = fault === undefined || commits(fault) ? await api(incoming) : undefined;
    if (reply && (fault === undefined || reply.status !== 200)) return send(response, reply);
    return fault && sendFault(fault, route, reply, { response, workspace, signal });
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', workspace.origin);
    response.sendDate = false;
    response.setHeader('date', new Date(workspace.now()).toUTCString());
    if (method === 'GET' && url.pathname.startsWith('/files/')) {
      const { status, contentType, body } = workspace.files.serve(url);
      send(response, { status, headers: { 'content-type': contentType }, body });
      return;
    }
    const match = findRoute(method, url.pathname);
    const route = match?.route.name ?? 'unknown';
    onArrival(route);
    const fault = faults.strike(route, method);
    const { latencyMs, clock } = workspace.settings();
    const bytes = await readBody(request);
    if (latencyMs > 0) await clock.sleep(latencyMs, signal);
    const incoming: Incoming = { method, url, headers: request.headers, bytes, match };
    onExchange(exchangeOf(incoming, route, await answer(incoming, fault, route, response)));
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  server.keepAliveTimeout = 65_000;
  return server;
}

/** The body, with no more of it kept than shows that it is too large. */
async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    if (size <= maxBodyBytes) chunks.push(chunk);
    size += chunk.byteLength;
  }
  return Buffer.concat(chunks);
}

function exchangeOf({ method, url, headers, bytes }: Incoming, route: string, sent: Reply | undefined): Exchange {
  const version = headers['notion-version'];
  return {
    route,
    method,
    path: url.pathname,
    query: url.searchParams,
    ...(typeof version === 'string' && { notionVersion: version }),
    requestBody: headers['content-type']?.startsWith('application/json') ? parseJson(bytes) : undefined,
    status: sent?.status ?? 0,
    responseBody: sent && (sent.json ?? Buffer.from(sent.body).toString('utf8')),
  };
}

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** A request that came, with its body. */
export interface Heard {
  method: string;
  path: string;
  body: string;
}

/** A server on the loopback that hears pings and alerts. */
export interface Listener {
  url: string;
  heard: Heard[];
  /** The texts of the alerts that it took. */
  texts(): string[];
  /** Plays the next answers; 200 at once unless told otherwise. */
  answer: (response: ServerResponse) => void;
  /** Resolves when so many requests have come. */
  came(count: number): Promise<void>;
}

export async function startListener(): Promise<Listener> {
  const waiting = new Set<() => void>();
  const listener: Listener = {
    url: '',
    heard: [],
    texts: () => taken,
    answer: (response) => void response.writeHead(200).end('ok'),
    came: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (listener.heard.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
  const taken: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      listener.heard.push({ method: request.method ?? '', path: request.url ?? '', body });
      listener.answer(response);
      if (response.headersSent && response.statusCode === 200 && body.startsWith('{')) taken.push(textIn(body));
      for (const look of waiting) look();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  listener.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return listener;
}

function textIn(body: string): string {
  const message: unknown = JSON.parse(body);
  if (typeof message !== 'object' || message === null || !('text' in message)) throw new Error(`No text in ${body}`);
  return String(message.text);
}

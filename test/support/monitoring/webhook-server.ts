import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** A request that came, with its body. */
export interface ReceivedRequest {
  method: string;
  path: string;
  body: string;
}

/** A server on the loopback that receives pings and alerts. */
export interface WebhookServer {
  url: string;
  requests: ReceivedRequest[];
  /** The texts of the alerts that it took. */
  texts(): string[];
  /** Plays the next answers; 200 at once unless told otherwise. */
  answer: (response: ServerResponse) => void;
  /** Resolves when so many requests have come. */
  received(count: number): Promise<void>;
}

export async function startWebhookServer(): Promise<WebhookServer> {
  const waiting = new Set<() => void>();
  const webhook: WebhookServer = {
    url: '',
    requests: [],
    texts: () => taken,
    answer: (response) => void response.writeHead(200).end('ok'),
    received: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (webhook.requests.length < count) return;
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
      webhook.requests.push({ method: request.method ?? '', path: request.url ?? '', body });
      webhook.answer(response);
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
  webhook.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return webhook;
}

function textIn(body: string): string {
  const message: unknown = JSON.parse(body);
  if (typeof message !== 'object' || message === null || !('text' in message)) throw new Error(`No text in ${body}`);
  return String(message.text);
}

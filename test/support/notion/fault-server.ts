import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate as settled } from 'node:timers/promises';

/** Plays one answer, or one way of not answering. */
export type Act = (response: ServerResponse, request: IncomingMessage) => void;

interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** An HTTP server on the loopback that plays a script, its last act again and again. */
export async function startFaultServer(...script: Act[]) {
  const requests: SeenRequest[] = [];
  const play = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { method = '', url = '', headers } = request;
    const act = script[Math.min(requests.length, script.length - 1)];
    requests.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
    act?.(response, request);
  };
  // A request that its client gave up is nobody's failure.
  const server = createServer((request, response) => void play(request, response).catch(() => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type FaultServer = Awaited<ReturnType<typeof startFaultServer>>;

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Act =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

export const ok = json(200, { object: 'user', id: 'bot' });

/** An error answer as Notion gives it. */
export const refusal = (
  status: number,
  code: string,
  message: string,
  {
    additional_data,
    headers = {},
  }: { additional_data?: Record<string, string>; headers?: Record<string, string> } = {},
): Act => json(status, { object: 'error', status, code, message, additional_data, request_id: 'r' }, headers);

export const page =
  (status: number, body: string): Act =>
  (response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end(body);
  };

export const reset: Act = (_response, request) => {
  request.socket.resetAndDestroy();
};

export const resetInBody: Act = (response, request) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"object":', () => request.socket.resetAndDestroy());
};

/** Begins a body and never ends it. */
export const slowBody: Act = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"object":');
};

export const hang: Act = () => undefined;

/** Waits for real I/O, however long it takes. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settled();
}

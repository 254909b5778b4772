import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request as it came to the gate. */
export interface GateRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
}

/** An answer; objects are sent as JSON, strings and bytes as they are. */
export interface GateAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** How a request is met: by the server behind, with a fault, or with an answer of the test's own. */
export type GateBehaviour =
  | 'forward'
  | 'hang'
  | 'drip'
  | 'huge'
  | 'reset before the body'
  | 'reset in the body'
  | 'reset after the body'
  | GateAnswer;

/** Stands before an emulated server, notes every request and spoils those it is told to. */
export interface Gate {
  readonly url: string;
  /** In the order in which they came. */
  readonly requests: readonly GateRequest[];
  /** What the server behind answered, in the same order; undefined where it was not asked. */
  readonly answers: readonly (GateAnswer | undefined)[];
  /** Connections that were given up before their answer was whole. */
  readonly givenUp: number;
  /** Bytes sent one by one. */
  readonly dripped: number;
  /** Decides how the requests to come are met. */
  meet(choose: (request: GateRequest, index: number) => GateBehaviour): void;
  /** Resolves once the condition holds; it is looked at whenever something happened. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves once whatever was sent by now would have come. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const hugeBytes = 64 * 1024 * 1024;
const dripEveryMs = 5;
const forwardAll: (request: GateRequest, index: number) => GateBehaviour = () => 'forward';
const settlePath = '/.settle';

/** Opens a gate before the server at `behind`; its own address takes the place of that one in what the server says. */
export async function openGate(behind: string): Promise<Gate> {
  const requests: GateRequest[] = [];
  const answers: (GateAnswer | undefined)[] = [];
  const watchers = new Set<() => void>();
  const happened = () => watchers.forEach((look) => look());
  let choose = forwardAll;
  let givenUp = 0;
  let dripped = 0;
  let url = '';

  const ask = async ({ method, path, headers, body }: GateRequest, response: ServerResponse): Promise<GateAnswer> => {
    const controller = new AbortController();
    response.once('close', () => controller.abort());
    const { host: _, connection: __, 'content-length': ___, 'accept-encoding': ____, ...rest } = headers;
    const answer = await fetch(behind + path, {
      method,
      headers: Object.entries(rest).map(([name, value = '']) => [name, value]),
      ...(method !== 'GET' && { body }),
      redirect: 'manual',
      signal: controller.signal,
    });
    const type = answer.headers.get('content-type') ?? 'application/octet-stream';
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isText = /json|text/.test(type);
    return {
      status: answer.status,
      headers: { 'content-type': type },
      body: isText ? bytes.toString().replaceAll(behind, url) : bytes,
    };
  };

  const drip = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000000' });
    const timer = setInterval(() => {
      response.write(' ');
      dripped += 1;
      happened();
    }, dripEveryMs);
    response.once('close', () => clearInterval(timer));
  };

  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.once('close', () => {
      if (message.url !== settlePath && !response.writableFinished) givenUp += 1;
      happened();
    });
    if (message.url === settlePath) return void response.writeHead(204).end();
    const request: GateRequest = {
      method: message.method ?? '',
      path: message.url ?? '/',
      headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)])),
      body: await text(message),
    };
    const index = requests.push(request) - 1;
    answers.push(undefined);
    const behaviour = choose(request, index);
    happened();
    if (behaviour === 'hang') return;
    if (behaviour === 'drip') return drip(response);
    if (behaviour === 'huge') return sendHuge(response);
    if (behaviour === 'reset before the body') return void message.socket.resetAndDestroy();
    if (typeof behaviour === 'object') return send(response, behaviour);
    const answer = await ask(request, response);
    answers[index] = answer;
    if (behaviour === 'forward') return send(response, answer);
    const bytes = encode(answer.body);
    response.writeHead(answer.status, { ...answer.headers, 'content-length': String(bytes.byteLength) });
    const end = behaviour === 'reset after the body' ? bytes.byteLength : Math.floor(bytes.byteLength / 2);
    response.write(bytes.subarray(0, end), () => message.socket.resetAndDestroy());
  };

  const server = createServer((message, response) => {
    // A connection that the caller gave up, or a server behind that is gone.
    serve(message, response).catch(() => response.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the gate has no port');
  url = `http://127.0.0.1:${address.port}`;

  return {
    url,
    requests,
    answers,
    get givenUp() {
      return givenUp;
    },
    get dripped() {
      return dripped;
    },
    meet: (next) => void (choose = next),
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition()) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    async settle() {
      // A call may take a few turns of the event loop until its connection is opened.
      for (let round = 0; round < 5; round += 1) await fetch(url + settlePath);
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** An address at which nobody listens. */
export async function closedAddress(): Promise<string> {
  const gate = await openGate('');
  await gate.close();
  return gate.url;
}

function encode(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function send(response: ServerResponse, { status, headers, body }: GateAnswer): void {
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array);
  response.writeHead(status, { ...(isJson && { 'content-type': 'application/json' }), ...headers });
  response.end(encode(body));
}

function sendHuge(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'image/png' });
  response.end(Buffer.alloc(hugeBytes));
}

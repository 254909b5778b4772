import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { drawPng } from './automatic1111-image.ts';

/** How the emulated server behaves; every part may be changed while it runs. */
export interface Behaviour {
  /** False: it still loads its models, and knows none of them yet. */
  started: boolean;
  key: string | undefined;
  models: string[];
  /** LOCALAI_OPAQUE_ERRORS: failures without a body. */
  opaque: boolean;
  /** Requests for images that find the model loading before it is there. */
  loadsFor: number;
  /** Answers requests for images instead of the server. */
  reply: ((response: ServerResponse) => void) | undefined;
}

/** What the server made of a request for an image. */
export interface Drawn {
  body: Record<string, unknown>;
  positive: string;
  negative: string;
}

/** An emulated LocalAI on a loopback port. */
export interface FakeLocalAi {
  /** As LOCALAI_API_URL wants it. */
  readonly url: string;
  readonly behaviour: Behaviour;
  readonly drawn: Drawn[];
  /** Requests by method and path, in order. */
  readonly routes: string[];
  /** The Authorization headers of all requests, in order. */
  readonly credentials: (string | undefined)[];
  /** Resolves once a caller hung up on a request for an image. */
  readonly hungUp: Promise<unknown>;
  close(): Promise<void>;
}

const bodySchema = z.object({
  model: z.string().optional(),
  prompt: z.string(),
  size: z.string().default('512x512'),
  response_format: z.enum(['url', 'b64_json']).default('url'),
  seed: z.int().default(-1),
});

interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Starts the emulated server, with two models. */
export async function startLocalAi(changes: Partial<Behaviour> = {}): Promise<FakeLocalAi> {
  const behaviour: Behaviour = {
    started: true,
    key: undefined,
    models: ['stablediffusion', 'flux.1-schnell'],
    opaque: false,
    loadsFor: 0,
    reply: undefined,
    ...changes,
  };
  const drawn: Drawn[] = [];
  const routes: string[] = [];
  const credentials: (string | undefined)[] = [];
  const images = new Map<string, Buffer>();
  const calls = new EventEmitter();
  const hungUp = once(calls, 'hung up');

  const failed = (status: number, message: string, headers: Record<string, string> = {}): Reply => ({
    status,
    headers,
    ...(!behaviour.opaque && { body: { error: { code: status, message, type: '' } } }),
  });

  const draw = async (json: unknown, origin: string): Promise<Reply> => {
    const body = bodySchema.parse(json);
    if (behaviour.loadsFor > 0) {
      behaviour.loadsFor -= 1;
      const error = { code: 'model_loading', message: 'model is loading', type: 'model_loading' };
      const loading = {
        model: body.model,
        state: 'loading',
        progress: 0.5,
        eta_seconds: 10 * (behaviour.loadsFor + 1),
      };
      return { status: 503, body: { error, loading }, headers: { 'retry-after': '5' } };
    }
    const model = body.model ?? behaviour.models[0] ?? '';
    if (!behaviour.started || !behaviour.models.includes(model)) return failed(404, `model "${model}" not found`);
    const [, width, height] = /^(\w+)x(\w+)$/.exec(body.size) ?? ['', '512', '512'];
    if (!/^\d+$/.test(`${width}${height}`)) return failed(500, "invalid value for 'size'");
    const [positive = '', negative = ''] = body.prompt.split('|');
    drawn.push({ body: z.record(z.string(), z.unknown()).parse(json), positive, negative });
    const png = await drawPng({
      width: Number(width),
      height: Number(height),
      seed: body.seed,
      parameters: positive,
    });
    const path = `/generated-images/b64${drawn.length}.png`;
    images.set(path, png);
    const image = body.response_format === 'url' ? { url: origin + path } : { b64_json: png.toString('base64') };
    return { status: 200, body: { created: 1, id: 'a', data: [{ embedding: null, index: 0, ...image }] } };
  };

  const answer = async (request: IncomingMessage, origin: string): Promise<Reply> => {
    const sent = await text(request);
    const path = new URL(request.url ?? '/', origin).pathname;
    if (path === '/readyz') {
      return behaviour.started
        ? { status: 200 }
        : { status: 503, body: { status: 'starting', reason: 'startup preload in progress' } };
    }
    if (behaviour.key !== undefined && request.headers.authorization !== `Bearer ${behaviour.key}`) {
      return failed(401, 'An authentication key is required', { 'www-authenticate': 'Bearer' });
    }
    if (request.method === 'GET' && path === '/v1/models') {
      return { status: 200, body: { object: 'list', data: behaviour.models.map((id) => ({ id, object: 'model' })) } };
    }
    if (request.method === 'POST' && path === '/v1/images/generations') return draw(JSON.parse(sent), origin);
    return failed(404, 'Resource not found');
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const origin = `http://${request.headers.host}`;
    const path = request.url ?? '/';
    routes.push(`${request.method} ${path}`);
    credentials.push(request.headers.authorization);
    const image = images.get(path);
    if (image !== undefined) return void response.writeHead(200, { 'content-type': 'image/png' }).end(image);
    if (request.method === 'POST') response.once('close', () => response.writableEnded || calls.emit('hung up'));
    if (request.method === 'POST' && behaviour.reply !== undefined) return behaviour.reply(response);
    const { status, body, headers = {} } = await answer(request, origin);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');

  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    behaviour,
    drawn,
    routes,
    credentials,
    hungUp,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

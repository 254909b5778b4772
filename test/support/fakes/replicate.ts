import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import sharp from 'sharp';
import { z } from 'zod';

/** How the emulated API behaves; every part may be changed while it runs. */
export interface ReplicateBehaviour {
  /** How often a prediction is looked at before it is done; 0 is done in the first answer. */
  looks: number;
  /** What becomes of a prediction in the end. */
  ending: { status: string; error?: string; output?: 'none' | 'empty' };
  /** The image is there while the status still says "processing", as recorded in 2025. */
  outputEarly: boolean;
  /** Outputs are deleted, as after an hour. */
  deleted: boolean;
}

/** An emulated Replicate on loopback: strict about what it takes. */
export interface FakeReplicate {
  /** Without the `/v1`. */
  readonly url: string;
  readonly behaviour: ReplicateBehaviour;
  readonly created: readonly { path: string; headers: IncomingMessage['headers']; body: unknown }[];
  /** Ids in the order in which they were cancelled. */
  readonly cancelled: readonly string[];
  /** How often a prediction was looked at. */
  readonly looks: number;
  close(): Promise<void>;
}

interface Stored {
  id: string;
  status: string;
  looks: number;
}

interface Reply {
  status: number;
  body: object | Uint8Array;
}

const input = z.strictObject({
  prompt: z.string().min(1),
  seed: z.int().optional(),
  aspect_ratio: z.enum(['1:1', '16:9', '21:9', '3:2', '2:3', '4:5', '5:4', '3:4', '4:3', '9:16', '9:21']).optional(),
  output_format: z.enum(['webp', 'jpg', 'png']).optional(),
  megapixels: z.enum(['1', '0.25']).optional(),
  num_outputs: z.int().min(1).max(4).optional(),
  num_inference_steps: z.int().min(1).max(4).optional(),
  go_fast: z.boolean().optional(),
});
const bodySchema = z.strictObject({ input, version: z.string().optional() });

/** Starts the emulated API, which knows one token. */
export async function startReplicate(token: string, changes: Partial<ReplicateBehaviour> = {}): Promise<FakeReplicate> {
  const behaviour: ReplicateBehaviour = {
    looks: 2,
    ending: { status: 'succeeded' },
    outputEarly: false,
    deleted: false,
    ...changes,
  };
  const created: { path: string; headers: IncomingMessage['headers']; body: unknown }[] = [];
  const cancelled: string[] = [];
  const predictions = new Map<string, Stored>();
  let looks = 0;
  let url = '';

  const shown = (prediction: Stored): Reply => {
    const { ending, outputEarly, deleted } = behaviour;
    const isOver = prediction.looks >= behaviour.looks && prediction.status === 'starting';
    const hasOutput = (isOver && ending.status === 'succeeded') || (outputEarly && prediction.status === 'starting');
    const files = ending.output === 'empty' ? [] : [`${url}/files/${prediction.id}.png`];
    const status = isOver ? (outputEarly ? 'processing' : ending.status) : prediction.status;
    return {
      status: prediction.looks === 0 ? 201 : 200,
      body: {
        id: prediction.id,
        status,
        output: hasOutput && !deleted && ending.output !== 'none' ? files : null,
        error: isOver ? (ending.error ?? null) : null,
        logs: '',
        data_removed: deleted,
        urls: { get: `https://elsewhere.invalid/${prediction.id}`, cancel: 'https://elsewhere.invalid/' },
      },
    };
  };

  const create = async (request: IncomingMessage, path: string): Promise<Reply> => {
    const body: unknown = await json(request);
    const { success, error } = bodySchema.safeParse(body);
    if (!success) {
      const detail = error.issues.map(({ path: at, message }) => `- ${at.join('.')}: ${message}\n`).join('');
      return problem(422, 'Input validation failed', detail);
    }
    created.push({ path, headers: request.headers, body });
    const prediction: Stored = { id: `prediction${created.length}`, status: 'starting', looks: 0 };
    predictions.set(prediction.id, prediction);
    return shown(prediction);
  };

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const { method, url: path = '/', headers } = request;
    if (/^\/files\/\w+\.png$/.test(path)) {
      if (headers.authorization !== undefined) return problem(400, 'Bad request', 'A key was sent for an open file.');
      return { status: 200, body: await drawPng() };
    }
    if (headers.authorization !== `Bearer ${token}`) {
      return problem(401, 'Unauthenticated', 'You did not pass a valid authentication token');
    }
    const route = `${method} ${path}`;
    if (route === 'GET /v1/account') return { status: 200, body: { type: 'user', username: 'demo', name: 'Demo' } };
    if (/^POST \/v1\/(?:models\/[\w.-]+\/[\w.-]+\/)?predictions$/.test(route)) return create(request, path);
    const [, model] = /^GET \/v1\/models\/([\w.-]+\/[\w.-]+)$/.exec(route) ?? [];
    if (model === 'black-forest-labs/flux-schnell') return { status: 200, body: { owner: 'black-forest-labs' } };
    const [, id = '', action] = /^\w+ \/v1\/predictions\/(\w+)(\/cancel)?$/.exec(route) ?? [];
    const prediction = predictions.get(id);
    if (prediction === undefined) return problem(404, '', 'The requested resource could not be found.');
    if (action === undefined) {
      looks += 1;
      prediction.looks += 1;
    } else {
      cancelled.push(id);
      prediction.status = 'canceled';
    }
    return shown(prediction);
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (reply) => send(response, reply),
      () => response.destroy(),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the emulated server has no port');
  url = `http://127.0.0.1:${address.port}`;

  return {
    url,
    behaviour,
    created,
    cancelled,
    get looks() {
      return looks;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function problem(status: number, title: string, detail: string): Reply {
  return { status, body: { title, detail, status } };
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const isPicture = body instanceof Uint8Array;
  const type = isPicture ? 'image/png' : status < 300 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type }).end(isPicture ? body : JSON.stringify(body));
}

function drawPng(): Promise<Buffer> {
  const image = sharp({ create: { width: 512, height: 512, channels: 3, background: 'teal' } });
  return image.png().toBuffer();
}

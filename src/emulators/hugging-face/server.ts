import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseJson } from '../../lib/json.ts';
import { drawImage, promptIn, sizeAndSeedIn } from './image.ts';

/** A request as the emulated server saw it. */
export interface EmulatedRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON; undefined without a body. */
  body: unknown;
}

/** What the emulated server sends: objects as JSON, strings and bytes as they are. */
interface EmulatedAnswer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** How requests for images are met; a function may leave a request to the usual answer by returning undefined. */
export type EmulatedBehaviour = 'ok' | 'out_of_credit' | ((request: EmulatedRequest) => EmulatedAnswer | undefined);

/** Hugging Face's router and Hub on loopback: strict about what it takes, real in what it gives. */
export interface EmulatedHuggingFace {
  /** For HF_ENDPOINT. */
  readonly url: string;
  /** For HF_HUB_URL. */
  readonly hubUrl: string;
  /** How often an image was asked for. */
  readonly requests: number;
  /** How many images were made. */
  readonly generated: number;
  /** How often it was asked whose key it is. */
  readonly accountChecks: number;
  set(behaviour: EmulatedBehaviour): void;
  close(): Promise<void>;
}

const maxBodyBytes = 1024 * 1024;

/** The answer to an account without credit, 2026-09. */
const outOfCredit: EmulatedAnswer = {
  status: 402,
  body: {
    error:
      'You have depleted your monthly included credits. Purchase pre-paid credits to continue using Inference Providers. Alternatively, subscribe to PRO to get 20x more included usage.',
  },
};

export interface EmulatedOptions {
  behaviour?: EmulatedBehaviour;
  /** When the account's credit renews, in Unix seconds; null for an account without a subscription. */
  periodEnd?: number | null;
}

export async function startEmulatedHuggingFace(options: EmulatedOptions = {}): Promise<EmulatedHuggingFace> {
  const { periodEnd = null } = options;
  let behaviour = options.behaviour ?? 'out_of_credit';
  let url = '';
  let requests = 0;
  let accountChecks = 0;
  const images: Uint8Array[] = [];

  const draw = async (body: unknown): Promise<number> => {
    const { width, height, seed } = sizeAndSeedIn(body);
    return images.push(await drawImage(width, height, seed)) - 1;
  };
  const fileUrl = (index: number) => `${url}/files/${index}.png`;

  const paid = async (request: EmulatedRequest): Promise<EmulatedAnswer> => {
    requests += 1;
    if (behaviour === 'out_of_credit') return outOfCredit;
    const chosen = typeof behaviour === 'function' ? behaviour(request) : undefined;
    if (chosen !== undefined) return chosen;
    if (promptIn(request.body) === undefined) return { status: 400, body: { error: 'a prompt is required' } };
    const index = await draw(request.body);
    const bytes = images[index] ?? new Uint8Array();
    const [, partner = '', id = ''] = /^\/([\w-]+)\/(.*)$/.exec(request.path.replace(/\?.*$/, '')) ?? [];
    switch (partner) {
      case 'hf-inference':
        return imageAnswer(bytes);
      case 'fal-ai': {
        const job = `https://queue.fal.run/${id}/requests/${index}`;
        return ok({ request_id: `${index}`, status: 'IN_QUEUE', response_url: job });
      }
      case 'replicate':
        return { status: 201, body: { id: `job${index}`, status: 'starting', output: null } };
      case 'wavespeed': {
        const get = `https://api.wavespeed.ai/api/v3/predictions/job${index}/result`;
        return ok({ code: 200, message: 'success', data: { id: `job${index}`, status: 'created', urls: { get } } });
      }
      case 'zai-org':
        return ok({ id: `job${index}`, task_status: 'PROCESSING' });
      default:
        return ok({ created: 0, data: [{ b64_json: Buffer.from(bytes).toString('base64') }] });
    }
  };

  const free = (path: string): EmulatedAnswer | undefined => {
    const [, index = ''] = /(\d+)(?:\/status|\/result|\.png)?(?:\?.*)?$/.exec(path) ?? [];
    const bytes = images[Number(index)];
    if (path === '/api/whoami-v2') {
      return ok({ type: 'user', name: 'demo', isPro: false, canPay: false, periodEnd, auth: {} });
    }
    const [, model] = /^\/api\/models\/([\w./-]+)\?expand(?:\[\]|%5B%5D)=inferenceProviderMapping$/i.exec(path) ?? [];
    if (model !== undefined) return ok({ id: model, inferenceProviderMapping: mappingOf(model) });
    if (index === '' || bytes === undefined) return undefined;
    const file = fileUrl(Number(index));
    if (path.startsWith('/files/')) return imageAnswer(bytes);
    if (/^\/fal-ai\/.+\/status\?/.test(path)) return ok({ status: 'COMPLETED' });
    if (path.startsWith('/fal-ai/')) return ok({ images: [{ url: file }], has_nsfw_concepts: [false] });
    if (path.startsWith('/replicate/v1/predictions/')) {
      return ok({ id: `job${index}`, status: 'succeeded', output: [file] });
    }
    if (path.startsWith('/wavespeed/api/v3/predictions/')) {
      return ok({ code: 200, message: 'success', data: { id: `job${index}`, status: 'completed', outputs: [file] } });
    }
    if (path.startsWith('/zai-org/api/paas/v4/async-result/')) {
      return ok({ id: `job${index}`, task_status: 'SUCCESS', image_result: [{ url: file }] });
    }
    return undefined;
  };

  const answer = async (request: IncomingMessage): Promise<EmulatedAnswer> => {
    const { method = '', url: path = '/', headers } = request;
    const isPaid = paidPaths.some((pattern) => pattern.test(path));
    const unpaid = isPaid ? undefined : free(path);
    if (!isPaid && unpaid === undefined) return notFound;
    if (unpaid && method === 'GET' && path.startsWith('/files/')) return unpaid;
    if (method !== (isPaid ? 'POST' : 'GET')) return { status: 405, body: { error: 'Method Not Allowed' } };
    if (!/^Bearer hf_\S+$/.test(headers.authorization ?? '')) {
      return { status: 401, body: { error: 'Invalid username or password.' } };
    }
    if (path === '/api/whoami-v2') accountChecks += 1;
    if (unpaid) return unpaid;
    const body = await readJson(request);
    if (body === undefined) return { status: 400, body: { error: 'the body is not a JSON object' } };
    const plainHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    return paid({ method, path, headers: plainHeaders, body });
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (result) => send(response, result),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the emulated server has no port');
  url = `http://127.0.0.1:${address.port}`;

  return {
    url,
    hubUrl: url,
    get requests() {
      return requests;
    },
    get generated() {
      return images.length;
    },
    get accountChecks() {
      return accountChecks;
    },
    set: (next) => void (behaviour = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const paidPaths = [
  /^\/(?:nscale|together)\/v1\/images\/generations$/,
  /^\/deepinfra\/v1\/openai\/images\/generations$/,
  /^\/hf-inference\/models\/[\w.-]+(?:\/[\w.-]+)?$/,
  /^\/fal-ai\/(?!.*\/requests\/)[\w./-]+\?_subdomain=queue$/,
  /^\/replicate\/v1\/models\/[\w.-]+\/[\w.-]+\/predictions$/,
  /^\/wavespeed\/api\/v3\/(?!predictions\/)[\w./-]+$/,
  /^\/zai-org\/api\/paas\/v4\/async\/images\/generations$/,
];

const notFound: EmulatedAnswer = { status: 404, body: { error: 'Not Found' } };

function ok(body: unknown): EmulatedAnswer {
  return { status: 200, body };
}

function imageAnswer(bytes: Uint8Array): EmulatedAnswer {
  return { status: 200, headers: { 'content-type': 'image/png' }, body: bytes };
}

/** As the Hub answered for FLUX.1-schnell in 2026-08; other models are served by hf-inference. */
function mappingOf(model: string): object[] {
  return /FLUX\.1-schnell$/i.test(model)
    ? [
        mappingEntry('nscale', model),
        mappingEntry('fal-ai', 'fal-ai/flux/schnell'),
        mappingEntry('together', 'black-forest-labs/FLUX.1-schnell', 'error'),
      ]
    : [mappingEntry('hf-inference', model)];
}

function mappingEntry(provider: string, providerId: string, status = 'live'): object {
  return { provider, providerId, status, task: 'text-to-image' };
}

/** Undefined when it is not a JSON object, or too long. */
async function readJson(request: IncomingMessage): Promise<object | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  const body = parseJson(Buffer.concat(chunks));
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : undefined;
}

function send(response: ServerResponse, { status, headers, body }: EmulatedAnswer): void {
  const isPlain = typeof body === 'string' || body instanceof Uint8Array;
  response.writeHead(status, { ...(!isPlain && { 'content-type': 'application/json' }), ...headers });
  response.end(isPlain ? body : JSON.stringify(body));
}

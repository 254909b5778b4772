import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { drawPng, encode } from './automatic1111-image.ts';

/** An emulated Cloudflare API on a loopback port. */
export interface FakeCloudflare {
  /** As CLOUDFLARE_API_URL wants it. */
  readonly url: string;
  /** The bodies of requests for images, in order. */
  readonly bodies: Record<string, unknown>[];
  /** Requests by method and path, in order. */
  readonly routes: string[];
  close(): Promise<void>;
}

export interface FakeAccount {
  accountId: string;
  token: string;
  /** Whose route knows the token. */
  owner: 'user' | 'account';
  /** What the token is said to be. */
  state: 'active' | 'disabled' | 'expired';
}

export const accountId = '0123456789abcdef0123456789abcdef';

const prompt = z.string().min(1).max(2048);
/** The models' schemas; anything else is an error here (developers.cloudflare.com, 2026-11). */
const schnellSchema = z.strictObject({ prompt, steps: z.int().max(8).default(4), seed: z.int().default(0) });
const sdxlSchema = z.strictObject({
  prompt,
  negative_prompt: z.string().optional(),
  width: z.int().min(256).max(2048),
  height: z.int().min(256).max(2048),
  num_steps: z.int().max(20).default(20),
  guidance: z.number().default(7.5),
  seed: z.int().default(0),
});

interface Reply {
  status: number;
  body: unknown;
}

const errorReply = (status: number, code: number, message: string): Reply => {
  return { status, body: { result: null, success: false, errors: [{ code, message }], messages: [] } };
};

/** Starts the emulated API: flux-1-schnell answers with JSON, stable-diffusion-xl-base-1.0 with the image itself. */
export async function startCloudflare(changes: Partial<FakeAccount> = {}): Promise<FakeCloudflare> {
  const account: FakeAccount = { accountId, token: 'cf-test', owner: 'user', state: 'active', ...changes };
  const bodies: Record<string, unknown>[] = [];
  const routes: string[] = [];

  const draw = async (model: string, sent: string): Promise<Reply> => {
    const isSchnell = model === '@cf/black-forest-labs/flux-1-schnell';
    if (!isSchnell && model !== '@cf/stabilityai/stable-diffusion-xl-base-1.0') {
      return errorReply(400, 5007, `No such model ${model} or task`);
    }
    const { data, error } = (isSchnell ? schnellSchema : sdxlSchema).safeParse(JSON.parse(sent));
    if (data === undefined) return errorReply(400, 5006, `AiError: Bad input: ${z.prettifyError(error)}`);
    bodies.push({ ...data });
    const size = 'width' in data ? { width: data.width, height: data.height } : { width: 1024, height: 1024 };
    const png = await drawPng({ ...size, seed: data.seed, parameters: '' });
    if (!isSchnell) return { status: 200, body: png };
    const image = (await encode(png, 'jpeg')).toString('base64');
    return { status: 200, body: { result: { image }, success: true, errors: [], messages: [] } };
  };

  const answer = async (request: IncomingMessage, path: string): Promise<Reply> => {
    const sent = await text(request);
    if (request.headers.authorization !== `Bearer ${account.token}`)
      return errorReply(401, 10_000, 'Authentication error');
    const verify = path === '/user/tokens/verify' ? 'user' : 'account';
    if (path.endsWith('/tokens/verify') && request.method === 'GET') {
      if (verify !== account.owner) return errorReply(401, 1000, 'Invalid API Token');
      return {
        status: 200,
        body: { result: { id: 'x', status: account.state }, success: true, errors: [], messages: [] },
      };
    }
    const [, owner, model] = /^\/accounts\/([^/]+)\/ai\/run\/(.+)$/.exec(path) ?? [];
    if (owner === undefined || model === undefined) return errorReply(400, 7000, 'No route for that URI');
    if (owner !== account.accountId) {
      return errorReply(404, 7003, `Could not route to ${path}, perhaps your object identifier is invalid?`);
    }
    return draw(model, sent);
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    routes.push(`${request.method} ${path}`);
    void answer(request, path).then(({ status, body }) => {
      const isPicture = body instanceof Uint8Array;
      response.writeHead(status, { 'content-type': isPicture ? 'image/png' : 'application/json' });
      response.end(isPicture ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    bodies,
    routes,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

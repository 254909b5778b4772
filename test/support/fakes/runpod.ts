import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { drawPng } from './automatic1111-image.ts';

/** How the emulated endpoint behaves; every part may be changed while it runs. */
export interface Behaviour {
  key: string;
  endpointId: string;
  /** How often a job's status is told before it ends: that often IN_QUEUE, then that often IN_PROGRESS. */
  queuedFor: number;
  runsFor: number;
  end: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT';
  /** What a completed job returns. */
  output: (image: { base64: string; url: string }) => unknown;
  /** What a failed one says. */
  error: string;
  /** Undefined: the endpoint does not tell. */
  workers: Record<string, number> | undefined;
  /** How many downloads of images go wrong. */
  lostDownloads: number;
}

/** A job as the endpoint knows it. */
export interface FakeJob {
  readonly body: Run;
  looks: number;
  cancelled: boolean;
}

/** An emulated RunPod endpoint on a loopback port. */
export interface FakeRunpod {
  /** As RUNPOD_API_URL wants it. */
  readonly url: string;
  readonly behaviour: Behaviour;
  /** By id, in the order in which they came; those removed are forgotten. */
  readonly jobs: Map<string, FakeJob>;
  /** Requests by method and path, in order. */
  readonly routes: string[];
  /** The Authorization headers of all requests, by path. */
  readonly credentials: [path: string, header: string | undefined][];
  /** Resolves once the condition holds; it is looked at after every request. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

const side = z.int().min(256).max(1536).multipleOf(64);

/** What docs.runpod.io tells of a run and of its public endpoints' input; anything else is an error here. */
const runSchema = z.strictObject({
  input: z.strictObject({
    prompt: z.string().min(1),
    negative_prompt: z.string().optional(),
    width: side,
    height: side,
    num_inference_steps: z.int().min(1).max(50).optional(),
    guidance: z.number().min(0).max(10).optional(),
    seed: z.int().min(-1),
    image_format: z.enum(['png', 'jpeg']),
  }),
  policy: z.strictObject({ ttl: z.int().min(10_000), executionTimeout: z.int().min(5000) }),
});
type Run = z.infer<typeof runSchema>;

interface Reply {
  status: number;
  body?: unknown;
}

const defaults: Behaviour = {
  key: 'rpa_test',
  endpointId: 'black-forest-labs-flux-1-schnell',
  queuedFor: 1,
  runsFor: 1,
  end: 'COMPLETED',
  output: ({ url }) => ({ image_url: url, cost: 0.002_516_58 }),
  error: 'the worker broke',
  workers: { idle: 0, initializing: 0, ready: 1, running: 0, throttled: 0, unhealthy: 0 },
  lostDownloads: 0,
};

/** Starts the emulated endpoint: one look at a job finds it queued, one running, the third completed. */
export async function startRunpod(changes: Partial<Behaviour> = {}): Promise<FakeRunpod> {
  const behaviour: Behaviour = { ...defaults, ...changes };
  const jobs = new Map<string, FakeJob>();
  const routes: string[] = [];
  const credentials: [string, string | undefined][] = [];
  const watchers = new Set<() => void>();
  let url = '';

  const run = (sent: string): Reply => {
    const { success, data, error } = runSchema.safeParse(JSON.parse(sent));
    const id = `${randomUUID()}-u1`;
    if (!success) return { status: 400, body: { id, status: 'FAILED', error: z.prettifyError(error) } };
    jobs.set(id, { body: data, looks: 0, cancelled: false });
    return { status: 200, body: { id, status: 'IN_QUEUE' } };
  };

  const statusOf = async (id: string, job: FakeJob): Promise<Reply> => {
    if (job.cancelled) return { status: 200, body: { id, status: 'CANCELLED' } };
    job.looks += 1;
    const { queuedFor, runsFor, end, output, error } = behaviour;
    if (job.looks <= queuedFor) return { status: 200, body: { id, status: 'IN_QUEUE', delayTime: 10 } };
    if (job.looks <= queuedFor + runsFor) return { status: 200, body: { id, status: 'IN_PROGRESS', delayTime: 10 } };
    const times = { delayTime: 10, executionTime: 2000, workerId: 'w1' };
    if (end !== 'COMPLETED')
      return { status: 200, body: { id, status: end, ...times, ...(end === 'FAILED' && { error }) } };
    const png = await drawJob(job);
    const image = { base64: png.toString('base64'), url: `${url}/pictures/${id}.png` };
    return { status: 200, body: { id, status: end, ...times, output: output(image) } };
  };

  const answer = async (request: IncomingMessage, path: string): Promise<Reply> => {
    const sent = await text(request);
    const [, first = '', action = '', id = ''] = path.split('/');
    const drawn = first === 'pictures' ? jobs.get(action.replace(/\.png$/, '')) : undefined;
    if (drawn) {
      if (behaviour.lostDownloads === 0) return { status: 200, body: await drawJob(drawn) };
      behaviour.lostDownloads -= 1;
      return { status: 500 };
    }
    if (request.headers.authorization !== `Bearer ${behaviour.key}`) return { status: 401 };
    if (first !== behaviour.endpointId) return { status: 404, body: { error: 'endpoint not found' } };
    const job = jobs.get(id);
    switch (`${request.method} ${action}`) {
      case 'POST run':
        return run(sent);
      case 'GET health':
        return { status: 200, body: { jobs: { inQueue: 0 }, workers: behaviour.workers } };
      case 'GET status':
        return job ? statusOf(id, job) : { status: 404, body: { error: 'job not found' } };
      case 'POST cancel':
        if (!job) return { status: 404, body: { error: 'job not found' } };
        job.cancelled = true;
        return { status: 200, body: { id, status: 'CANCELLED' } };
      default:
        return { status: 404, body: { error: 'no such route' } };
    }
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    routes.push(`${request.method} ${path}`);
    credentials.push([path, request.headers.authorization]);
    void answer(request, path).then(({ status, body }) => {
      const isPicture = body instanceof Uint8Array;
      response.writeHead(status, { 'content-type': isPicture ? 'image/png' : 'application/json' });
      response.end(isPicture || body === undefined ? body : JSON.stringify(body));
      watchers.forEach((look) => look());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  url = `http://127.0.0.1:${address.port}`;

  return {
    url,
    behaviour,
    jobs,
    routes,
    credentials,
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
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function drawJob({ body }: FakeJob): Promise<Buffer> {
  const { width, height, seed, prompt } = body.input;
  return drawPng({ width, height, seed, parameters: prompt });
}

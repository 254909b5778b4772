import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { createEngine } from './automatic1111-engine.ts';
import { drawPng, encode } from './automatic1111-image.ts';
import { detail, exception, type Failure, failedDrawing, type Flavour } from './automatic1111-replies.ts';
import { httpException, invalidFields, ok, type Reply } from './automatic1111-replies.ts';

/** How the emulated server behaves; every part may be changed while it runs. */
export interface Behaviour {
  flavour: Flavour;
  /** False: started without `--api`. */
  api: boolean;
  /** `user:password` of `--api-auth`. */
  login: string | undefined;
  /** Files below the models folder. */
  checkpoints: string[];
  /** The checkpoint in memory. */
  loaded: string;
  samplers: { name: string; aliases: string[] }[];
  /** For one image; `Infinity` until it is interrupted. */
  delayMs: number;
  samplesFormat: 'png' | 'jpeg' | 'webp';
  dataPrefix: boolean;
  /** An overview comes before the image. */
  overview: boolean;
  failure: Failure | undefined;
  /** Paths that are not there. */
  missing: string[];
  /** Answers txt2img instead of the server, which draws all the same. */
  reply: ((response: ServerResponse) => void) | undefined;
}

/** An emulated AUTOMATIC1111 web UI on a loopback port. */
export interface FakeAutomatic1111 {
  readonly url: string;
  readonly behaviour: Behaviour;
  /** Pictures drawn to their end. */
  readonly generated: number;
  /** Jobs stopped by an interrupt. */
  readonly interrupted: number;
  /** The task that runs. */
  readonly active: string | undefined;
  /** The newest bodies sent to txt2img, at most a hundred. */
  readonly bodies: Record<string, unknown>[];
  /** Requests by method and path. */
  count(route: string): number;
  /** Resolves once the condition holds; it is looked at whenever something happened. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** The fields of StableDiffusionProcessingTxt2Img that are sent; FastAPI would ignore others, here they are an error. */
const txt2img = z.strictObject({
  prompt: z.string().default(''),
  negative_prompt: z.string().default(''),
  seed: z.int().default(-1),
  width: z.int().default(512),
  height: z.int().default(512),
  steps: z.int().default(50),
  cfg_scale: z.number().default(7),
  sampler_name: z.string().optional(),
  batch_size: z.int().default(1),
  n_iter: z.int().default(1),
  send_images: z.boolean().default(true),
  save_images: z.boolean().default(false),
  do_not_save_samples: z.boolean().default(false),
  do_not_save_grid: z.boolean().default(false),
  override_settings: z.record(z.string(), z.unknown()).default({}),
  force_task_id: z.string().default('task(txt2img)'),
});
type Txt2Img = z.infer<typeof txt2img>;

const defaults: Behaviour = {
  flavour: 'a1111',
  api: true,
  login: undefined,
  checkpoints: ['v1-5-pruned-emaonly.safetensors', 'xl/sd_xl_base_1.0.safetensors'],
  loaded: 'v1-5-pruned-emaonly.safetensors',
  samplers: [
    { name: 'DPM++ 2M', aliases: ['k_dpmpp_2m'] },
    { name: 'Euler a', aliases: ['k_euler_a', 'k_euler_ancestral'] },
    { name: 'Euler', aliases: ['k_euler'] },
  ],
  delayMs: 0,
  samplesFormat: 'png',
  dataPrefix: false,
  overview: false,
  failure: undefined,
  missing: [],
  reply: undefined,
};

/** Starts the emulated server, with two checkpoints and a few samplers. */
export async function startAutomatic1111(changes: Partial<Behaviour> = {}): Promise<FakeAutomatic1111> {
  const behaviour: Behaviour = { ...structuredClone(defaults), ...changes };
  const counts = new Map<string, number>();
  const bodies: Record<string, unknown>[] = [];
  const watchers = new Set<() => void>();
  const happened = () => watchers.forEach((look) => look());
  const engine = createEngine(happened);
  let generated = 0;

  const queue = (body: unknown): Promise<Reply> | Reply => {
    const { success, data, error } = txt2img.safeParse(body);
    if (!success) return invalidFields(error);
    bodies.push({ ...data });
    bodies.splice(0, bodies.length - 100);
    const { flavour, samplers } = behaviour;
    if (data.sampler_name !== undefined && !samplers.some(({ name }) => name === data.sampler_name)) {
      return httpException(flavour, flavour === 'sdnext' ? 404 : 400, 'Sampler not found');
    }
    if (flavour === 'koboldcpp' && engine.active !== undefined) {
      return detail(503, { msg: 'Server is busy; please try again later.', type: 'service_unavailable' });
    }
    return engine.run(
      data.force_task_id,
      () => behaviour.delayMs,
      async (wasInterrupted) => {
        const reply = await draw(data);
        if (reply.status === 200 && behaviour.failure === undefined && !wasInterrupted) generated += 1;
        return reply;
      },
    );
  };

  const draw = async (body: Txt2Img): Promise<Reply> => {
    const { flavour, failure, checkpoints, samplesFormat } = behaviour;
    if (failure !== undefined) return failedDrawing(flavour, failure);
    const { prompt, width, height, seed, steps, cfg_scale, sampler_name = 'Euler' } = body;
    if (width % 8 !== 0 || height % 8 !== 0) {
      return exception(flavour, 'RuntimeError', 'Sizes of tensors must match except in dimension 1.');
    }
    const wanted = body.override_settings['sd_model_checkpoint'];
    // An unknown name is dropped without a word.
    behaviour.loaded =
      checkpoints.find((file) => [titleOf(file), stem(file)].some((name) => name === wanted)) ?? behaviour.loaded;
    const model = stem(behaviour.loaded);
    const settings = `Steps: ${steps}, Sampler: ${sampler_name}, CFG scale: ${cfg_scale}, Seed: ${seed}, Size: ${width}x${height}`;
    const parameters = `${prompt}\nNegative prompt: ${body.negative_prompt}\n${settings}, Model: ${model}, Version: v1.10.1`;
    const image = await encode(await drawPng({ width, height, seed, parameters }), samplesFormat);
    const overview = behaviour.overview ? [await drawPng({ width: 64, height: 64, seed, parameters })] : [];
    const prefix = behaviour.dataPrefix ? `data:image/${samplesFormat};base64,` : '';
    const info = {
      prompt,
      seed,
      width,
      height,
      sampler_name,
      steps,
      sd_model_name: model,
      sd_model_hash: hashOf(behaviour.loaded),
      index_of_first_image: overview.length,
      infotexts: [parameters],
      version: 'v1.10.1',
    };
    return ok({
      images: [...overview, image].map((bytes) => `${prefix}${bytes.toString('base64')}`),
      parameters: body,
      info: flavour === 'koboldcpp' ? '' : JSON.stringify(info),
    });
  };

  const routes: Readonly<Record<string, (body: unknown) => Reply | Promise<Reply>>> = {
    'GET /sdapi/v1/progress': () => {
      const state = { skipped: false, interrupted: false, job: engine.active ?? '', job_no: 0 };
      const isBusy = engine.active !== undefined;
      return ok({ progress: isBusy ? 0.5 : 0, eta_relative: 0, state: { ...state, job_count: isBusy ? 1 : 0 } });
    },
    'GET /sdapi/v1/sd-models': () => ok(behaviour.checkpoints.map(listing)),
    'GET /sdapi/v1/samplers': () => ok(behaviour.samplers.map((sampler) => ({ ...sampler, options: {} }))),
    'POST /sdapi/v1/txt2img': queue,
    'POST /sdapi/v1/interrupt': () => {
      engine.interrupt();
      return ok({});
    },
    'POST /internal/progress': (body) => {
      const { id_task: task } = z.object({ id_task: z.string() }).parse(body);
      const completed = engine.isCompleted(task);
      return ok({ active: engine.active === task, queued: engine.isQueued(task), completed, progress: null });
    },
  };

  const answer = async (request: IncomingMessage, path: string): Promise<Reply> => {
    const sent = await text(request);
    const route = `${request.method} ${path}`;
    counts.set(route, (counts.get(route) ?? 0) + 1);
    happened();
    const { api, login, missing, flavour } = behaviour;
    const isApi = path.startsWith('/sdapi/');
    const isThere = Object.keys(routes).some((other) => other.endsWith(` ${path}`));
    if (!isThere || missing.includes(path) || (isApi && !api)) return detail(404, 'Not Found');
    const handle = routes[route];
    if (handle === undefined) return detail(405, 'Method Not Allowed');
    const { authorization, 'content-type': contentType } = request.headers;
    if (isApi && login !== undefined) {
      if (authorization === undefined) return httpException(flavour, 401, 'Not authenticated');
      const expected = `Basic ${Buffer.from(login).toString('base64')}`;
      if (authorization !== expected) return httpException(flavour, 401, 'Incorrect username or password');
    }
    return handle(contentType?.startsWith('application/json') ? JSON.parse(sent) : undefined);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://fake').pathname;
    const answering = answer(request, path);
    if (path === '/sdapi/v1/txt2img' && behaviour.reply) {
      behaviour.reply(response);
      return;
    }
    const reply = await answering;
    response.writeHead(reply.status, { 'content-type': reply.text === undefined ? 'application/json' : 'text/plain' });
    response.end(reply.text ?? JSON.stringify(reply.json));
  };

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    behaviour,
    bodies,
    get generated() {
      return generated;
    },
    get interrupted() {
      return engine.interrupted;
    },
    get active() {
      return engine.active;
    },
    count: (route) => counts.get(route) ?? 0,
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
      engine.close();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** "file.safetensors [hash]", as the web UI shows a checkpoint. */
export function titleOf(file: string): string {
  return `${file} [${hashOf(file)}]`;
}

/** Ten hex digits, the same for the same file. */
export function hashOf(file: string): string {
  return Buffer.from(file).toString('hex').padEnd(10, '0').slice(0, 10);
}

function stem(file: string): string {
  return (file.split('/').at(-1) ?? file).replace(/\.[a-z]+$/, '');
}

function listing(file: string) {
  return {
    title: titleOf(file),
    model_name: file.replace('/', '_').replace(/\.[a-z]+$/, ''),
    hash: hashOf(file),
    sha256: hashOf(file).repeat(7).slice(0, 64),
    filename: `/srv/webui/models/Stable-diffusion/${file}`,
    config: null,
  };
}

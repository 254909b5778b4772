import { EventEmitter } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import type { ImageRecord } from '../../../src/core/image.ts';
import type { PassState } from '../../../src/core/pass.ts';
import type { Post } from '../../../src/core/post.ts';
import type { Attempt } from '../../../src/core/provider.ts';
import type { SpendView } from '../../../src/core/overview.ts';
import type { ProviderState } from '../../../src/chain/chain.ts';
import type { BoardLook } from '../../../src/monitoring/sources.ts';
import type { ServerParts } from '../../../src/server/parts.ts';
import type { ImageJob } from '../../../src/server/image-jobs.ts';
import { fakePost } from '../fake-post.ts';
import { fakeParts, fakeImage, fakeSettings, openServer, type OpenServer } from './server-rig.ts';
import { providerState } from '../chain/provider-state.ts';

/** A worker whose state a test sets as it likes; what the page asks of it is noted. */
export interface PageFixture {
  parts: ServerParts;
  events: ServerParts['events'];
  /** What the page asked for, for example `retry <id>`. */
  asked: string[];
  board: BoardLook & { trouble?: Error };
  passes: PassState[];
  chain: ProviderState[];
  images: ImageRecord[];
  uploads: ImageRecord[];
  alerts: string[];
  spend: SpendView;
  readiness: { ok: boolean; reason: string };
  /** What `generate` does next; the default makes a picture at once. */
  generate: (job: ImageJob) => Promise<void>;
  /** Ends the worker. */
  stop: AbortController;
}

const minuteMs = 60_000;
/** ISO time so many minutes ago. */
export const ago = (minutes: number) => new Date(Date.now() - minutes * minuteMs).toISOString();

/** The id of a row by its number. */
export const rowId = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

const titles = [
  'Harbour festival: all boats on Saturday',
  'New opening hours in December',
  'Bread of the month: rye and walnut',
  'Thank you to our volunteers',
  'Last seats for the winter concert',
  'Behind the scenes: the kiln is lit',
];

const prompts = [
  'A harbour at dusk with lanterns on wooden boats, warm light, wide angle, soft reflections on calm water, painterly but realistic, no text',
  'A cosy shop window in the snow',
  'Fresh rye bread with walnuts on a linen cloth, morning light',
  'Volunteers in yellow jackets planting a tree',
  'A cello on an empty stage',
  'Glowing kiln with ceramic bowls',
];

export const row = (index: number, overrides: Partial<Post> = {}): Post =>
  fakePost({
    id: rowId(index),
    url: `https://www.notion.so/${rowId(index).replaceAll('-', '')}`,
    title: titles[index % titles.length] ?? '',
    editedAt: ago(10 + index * 7),
    ...overrides,
  });

/** An attempt that went well, unless said otherwise. */
export const attempt = (overrides: Partial<Attempt> = {}): Attempt => ({
  provider: 'huggingface',
  label: 'Hugging Face',
  model: 'black-forest-labs/FLUX.1-schnell',
  startedAt: ago(3),
  durationMs: 4523,
  outcome: 'ok',
  ...overrides,
});

async function drawing(hue: number, width: number, height: number): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="hsl(${hue},70%,72%)"/><stop offset="1" stop-color="hsl(${hue + 50},60%,38%)"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/><circle cx="70%" cy="30%" r="12%" fill="hsl(${hue + 20},90%,88%)"/><path d="M0 ${height * 0.8}L${width * 0.3} ${height * 0.5}L${width * 0.55} ${height * 0.75}L${width * 0.75} ${height * 0.6}L${width} ${height * 0.85}V${height}H0Z" fill="hsl(${hue + 60},45%,24%)"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** A worker at rest with an empty board, for the length of the test; `busy` fills the page. */
export async function createPageFixture({ busy = false } = {}): Promise<PageFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'page-'));
  const uploadsFolder = join(folder, 'uploads');
  const stop = new AbortController();
  const events: PageFixture['events'] = new EventEmitter();
  const asked: string[] = [];
  let pausedSince: string | undefined;
  let uploaded = 0;

  const parts = fakeParts({
    events,
    signal: stop.signal,
    version: '0.1.0',
    tally: { load: async () => (busy ? tallyText() : undefined), save: async () => {} },
    async generate(job) {
      asked.push(`generate ${job.request.prompt} ${job.request.width}x${job.request.height} ${job.allowPlaceholder}`);
      await fixture.generate(job);
      const at = Date.now() + uploaded++;
      const filename = `${at}-generated.png`;
      const own = join(uploadsFolder, 'images', `user-${job.userId}`);
      await mkdir(own, { recursive: true });
      await writeFile(join(own, filename), await drawing(200, 512, 512));
      const { prompt, width, height } = job.request;
      const { provider, model, why, costUsd } = fakeImage();
      fixture.uploads.unshift({
        file: filename,
        generatedAt: new Date(at).toISOString(),
        width,
        height,
        prompt,
        provider,
        model,
        why,
        costUsd,
      });
      return fakeImage({ filename });
    },
    thumbnail: async (file) => {
      const hue = Buffer.from(file).reduce((sum, byte) => sum + byte * 37, 0) % 360;
      return new Uint8Array(
        await sharp(await drawing(hue, 480, 480))
          .webp()
          .toBuffer(),
      );
    },
    schedule: { next: () => (busy ? Date.now() + 4 * minuteMs : undefined) },
    providers: [
      { name: 'huggingface', label: 'Hugging Face', configured: true },
      { name: 'stable-diffusion', label: 'Stable Diffusion', configured: true },
      { name: 'localai', label: 'LocalAI', configured: busy },
      { name: 'placeholder', label: 'Free API Placeholder', configured: true },
      { name: 'replicate', label: 'Replicate', configured: false },
      { name: 'runpod', label: 'RunPod', configured: false },
    ],
    chain: { state: () => fixture.chain, forget: async (name) => void asked.push(`forget ${name}`) },
    passes: {
      request(reason) {
        asked.push(`pass ${reason}`);
        const pass: PassState = {
          id: `pass-${fixture.passes.length + 1}`,
          reason,
          scope: 'board',
          state: 'queued',
          requestedAt: ago(0),
        };
        fixture.passes.unshift(pass);
        events.emit('pass', pass);
        return pass;
      },
      find: (id) => fixture.passes.find((pass) => pass.id === id),
      recent: () => fixture.passes,
      pausedSince: () => pausedSince,
      async pause() {
        asked.push('pause');
        pausedSince = ago(0);
        events.emit('paused', true);
      },
      async resume() {
        asked.push('resume');
        pausedSince = undefined;
        events.emit('paused', false);
      },
    },
    board: {
      isOnNotion: true,
      async look() {
        if (fixture.board.trouble) throw fixture.board.trouble;
        return { ...fixture.board };
      },
      async retry(id) {
        asked.push(`retry ${id}`);
        return row(1, { id });
      },
    },
    budget: { state: async () => fixture.spend },
    health: {
      readiness: () => fixture.readiness,
      facts: () => ({ passes: {} }),
      alerts: () => fixture.alerts,
    },
    images: { latest: async (count) => fixture.images.slice(0, count) },
    uploads: { latest: async (_, count) => fixture.uploads.slice(0, count) },
    folders: { images: folder, uploads: uploadsFolder },
  });

  const fixture: PageFixture = {
    parts,
    events,
    asked,
    stop,
    board: {
      title: 'Posts of the harbour',
      url: 'https://www.notion.so/board',
      waiting: [],
      moreWaiting: false,
      failed: [],
      moreFailed: false,
    },
    passes: [],
    chain: parts.providers.filter(({ configured }) => configured).map(({ name, label }) => providerState(name, label)),
    images: [],
    uploads: [],
    alerts: [],
    spend: { month: '2026-11', spentUsd: 0, possibleUsd: 0, openUsd: 0 },
    readiness: { ok: true, reason: 'The worker is ready.' },
    generate: async () => {},
  };
  if (busy) fill(fixture);
  onTestFinished(async () => {
    stop.abort(new Error('The test is over.'));
    await rm(folder, { recursive: true, force: true });
  });
  return fixture;
}

/** A server for the fixture, for the length of the test; without a login unless the settings say otherwise. */
export async function serve(fixture: PageFixture, settings = fakeSettings({ tokens: [] })): Promise<OpenServer> {
  const server = await openServer({ parts: fixture.parts, settings });
  onTestFinished(() => server.close());
  return server;
}

function fill(fixture: PageFixture): void {
  fixture.board.waiting = Array.from({ length: 9 }, (_, index) => row(index + 10));
  fixture.board.failed = [
    row(3, {
      status: 'failed',
      error: 'Hugging Face refused the prompt as unsuitable. Reword the prompt, then set Status to "Needs image".',
    }),
    row(4, {
      status: 'failed',
      error:
        'No picture could be made: Hugging Face out of credit until 1 Dec; Stable Diffusion not reachable; LocalAI did not answer in time. Set Status to "Needs image" to try again, or ask the operator if it stays so.',
    }),
  ];
  fixture.images = Array.from({ length: 22 }, (_, index) => ({
    file: `${index % 3 === 2 ? 'sd' : 'flux'}_generated_20261121_1${String(index).padStart(2, '0')}000_1.png`,
    generatedAt: ago(20 + index * 95),
    width: 1080,
    height: index % 4 === 1 ? 1350 : 1080,
    prompt: prompts[index % prompts.length] ?? '',
    provider: index % 3 === 2 ? 'stable-diffusion' : 'huggingface',
    model: index % 3 === 2 ? 'dreamshaper_8' : 'black-forest-labs/FLUX.1-schnell',
    why:
      index % 3 === 2
        ? 'Hugging Face out of credit until 1 Dec → Stable Diffusion, 8.2 s, free'
        : 'Hugging Face, 4.5 s, $0.003',
    costUsd: index % 3 === 2 ? 0 : 0.003,
  }));
  const until = Date.now() + 9 * 24 * 60 * minuteMs;
  fixture.chain = fixture.chain.map(({ name, label }) =>
    providerState(name, label, name === 'huggingface' ? { code: 'out_of_credit', until } : {}),
  );
  fixture.alerts = [
    'LocalAI refuses its key (401); the next provider is asked meanwhile. Operator: check the key in the settings, then restart the worker.',
  ];
  fixture.spend = { month: '2026-11', capUsd: 5, spentUsd: 3.126, possibleUsd: 0.006, openUsd: 0.003 };
}

/** A pass that serves two rows, with calls that went before. */
export function startPass(fixture: PageFixture): void {
  const { events } = fixture;
  const pass: PassState = {
    id: 'pass-1',
    reason: 'schedule',
    scope: 'board',
    state: 'running',
    requestedAt: ago(1),
    startedAt: ago(1),
  };
  fixture.passes = [pass];
  events.emit('pass', pass);
  events.emit('attempt', attempt());
  events.emit('attempt', attempt({ provider: 'stable-diffusion', label: 'Stable Diffusion', durationMs: 8210 }));
  events.emit(
    'attempt',
    attempt({ outcome: 'out_of_credit', detail: 'You have exceeded your monthly included credits.' }),
  );
  events.emit('pendingRead', { posts: fixture.board.waiting, isFirst: true, more: false });
  for (const index of [10, 11]) {
    events.emit('taken', row(index));
    events.emit('asking', rowId(index), { name: 'stable-diffusion', label: 'Stable Diffusion' });
  }
}

function tallyText(): string {
  const days = Array.from({ length: 30 }, (_, index) => {
    const day = ago(index * 24 * 60).slice(0, 10);
    const counts = {
      huggingface: (index * 7) % 11,
      'stable-diffusion': (index * 5) % 6,
      placeholder: index % 9 === 4 ? 3 : 0,
      localai: index % 5 === 1 ? 2 : 0,
    };
    return [day, counts];
  });
  return JSON.stringify({ version: 1, days: Object.fromEntries(days) });
}

import { fakePost } from '../fake-post.ts';
import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '../../../src/lib/clock.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { PassReason, PassState } from '../../../src/core/pass.ts';
import { buildServer } from '../../../src/server/build.ts';
import type { ServerParts } from '../../../src/server/parts.ts';
import type { JobImage } from '../../../src/server/image-jobs.ts';
import type { ServerSettings } from '../../../src/server/settings.ts';
import { type HttpServer, listen } from '../../../src/server/server.ts';
import { providerState } from '../chain/provider-state.ts';

/** Groups of functions, of which a test may replace one and keep the others. */
type Groups = 'schedule' | 'chain' | 'passes' | 'board' | 'budget' | 'health' | 'images' | 'uploads' | 'folders';

/** What a test says of the parts; everything else is the default. */
export type PartsOverrides = Partial<Omit<ServerParts, Groups>> & { [G in Groups]?: Partial<ServerParts[G]> };

/** A worker at rest: two providers that work and one that is not configured, an empty board, no images. */
export function fakeParts(overrides: PartsOverrides = {}): ServerParts {
  const { schedule, chain, passes, board, budget, health, images, uploads, folders, ...rest } = overrides;
  return {
    clock: systemClock,
    log: silentLog,
    redact: (text) => text,
    signal: new AbortController().signal,
    events: new EventEmitter(),
    version: '0.0.0-test',
    providers: [
      { name: 'huggingface', label: 'Hugging Face', configured: true },
      { name: 'stable-diffusion', label: 'Stable Diffusion', configured: true },
      { name: 'placeholder', label: 'Free API Placeholder', configured: true },
      { name: 'replicate', label: 'Replicate', configured: false },
    ],
    generate: async () => fakeImage(),
    thumbnail: async () => undefined,
    notice: async () => ({ status: 200, message: 'Noted.' }),
    tally: { load: async () => undefined, save: async () => {} },
    ...rest,
    schedule: { next: () => undefined, ...schedule },
    chain: {
      state: () => [
        providerState('huggingface', 'Hugging Face'),
        providerState('stable-diffusion', 'Stable Diffusion'),
        providerState('placeholder', 'Free API Placeholder'),
      ],
      forget: async () => {},
      ...chain,
    },
    passes: { ...fakePasses(), ...passes },
    board: {
      isOnNotion: true,
      look: async () => ({
        title: 'Posts',
        url: 'https://www.notion.so/board',
        waiting: [],
        moreWaiting: false,
        failed: [],
        moreFailed: false,
      }),
      retry: async (id) => fakePost({ id, status: 'needs-image', statusName: 'Needs image' }),
      ...board,
    },
    budget: { state: async () => ({ month: '2026-11', spentUsd: 0, possibleUsd: 0, openUsd: 0 }), ...budget },
    health: {
      liveness: () => ({ ok: true, reason: 'The loop is alive.' }),
      readiness: () => ({ ok: true, reason: 'The last pass went well.' }),
      facts: () => ({ passes: { lastGoodAt: '2026-11-21T10:00:00.000Z' } }),
      alerts: () => [],
      ...health,
    },
    images: { latest: async () => [], ...images },
    uploads: { latest: async () => [], ...uploads },
    folders: { images: join(tmpdir(), 'no-images'), uploads: join(tmpdir(), 'no-uploads'), ...folders },
  };
}

function fakePasses(): ServerParts['passes'] {
  const states: PassState[] = [];
  let since: string | undefined;
  return {
    request(reason: PassReason) {
      if (since !== undefined) return undefined;
      const state: PassState = {
        id: `pass-${states.length + 1}`,
        reason,
        scope: 'board',
        state: 'queued',
        requestedAt: '2026-11-21T10:00:00.000Z',
      };
      states.unshift(state);
      return state;
    },
    find: (id) => states.find((state) => state.id === id),
    recent: () => states,
    pausedSince: () => since,
    pause: async () => void (since ??= '2026-11-21T10:00:00.000Z'),
    resume: async () => void (since = undefined),
  };
}

/** A server on a free port of the loopback for two people, Ann and Bob; `tokens: []` makes it one without a login. */
export function fakeSettings(overrides: Partial<ServerSettings> = {}): ServerSettings {
  return {
    host: '127.0.0.1',
    port: 0,
    tokens: [
      { name: 'ann', token: annToken },
      { name: 'bob', token: bobToken },
    ],
    jwtSecret: undefined,
    uploadsPublic: false,
    trustedProxies: [],
    corsOrigins: [],
    imagesPerMinute: 10_000,
    imagesAtOnce: 100,
    notionWebhookToken: undefined,
    webhookSecret: undefined,
    ...overrides,
  };
}

export const annToken = 'ann-token-0123456789abcdef';
export const bobToken = 'bob-token-0123456789abcdef';

/** Headers of Ann's. */
export const asAnn = { authorization: `Bearer ${annToken}` };
/** Headers of Bob's. */
export const asBob = { authorization: `Bearer ${bobToken}` };

/** What `generate` answers unless a test says otherwise. */
export function fakeImage(overrides: Partial<JobImage> = {}): JobImage {
  return {
    filename: '1795255200000-generated.png',
    provider: 'huggingface',
    model: 'black-forest-labs/FLUX.1-schnell',
    seed: 7,
    costUsd: 0.003,
    why: 'Hugging Face, 4.5 s, $0.003',
    ...overrides,
  };
}

export interface OpenServer extends HttpServer {
  app: FastifyInstance;
  inject: FastifyInstance['inject'];
}

/** A server that listens on the loopback; whoever opens it closes it. */
export async function openServer({
  parts = fakeParts(),
  settings = fakeSettings(),
}: { parts?: ServerParts; settings?: ServerSettings } = {}): Promise<OpenServer> {
  const app = await buildServer(parts, settings);
  const server = await listen(app, parts, settings);
  return { ...server, app, inject: app.inject.bind(app) };
}

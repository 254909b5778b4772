import nock from 'nock';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Clock } from '../../../src/lib/clock.ts';
import { readEnvironment, type Variables } from '../../../src/core/environment.ts';
import { ProviderError } from '../../../src/core/errors.ts';
import type { ImageRequest } from '../../../src/core/image.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { ImageProvider, ProviderContext } from '../../../src/core/provider.ts';
import {
  type EmulatedHuggingFace,
  type EmulatedRequest,
  startEmulatedHuggingFace,
} from '../../../src/emulators/hugging-face/server.ts';
import { huggingface } from '../../../src/providers/huggingface/huggingface.ts';

export const startedAt = Date.UTC(2026, 10, 21, 12);

/** A clock whose sleeps return at once, moving it on. */
export interface FakeClock extends Clock {
  readonly sleeps: number[];
  advance(ms: number): void;
}

export function fakeClock(): FakeClock {
  let elapsed = 0;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => startedAt + elapsed,
    monotonic: () => elapsed,
    advance: (ms) => void (elapsed += ms),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      sleeps.push(ms);
      elapsed += ms;
    },
  };
}

export function create(variables: Variables, clock: Clock = fakeClock()): ImageProvider {
  const environment = readEnvironment({ HF_TOKEN: 'hf_test', ...variables });
  const settings = huggingface.read(environment);
  expect(environment.problems).toEqual([]);
  if (settings === undefined) throw new Error('not configured');
  return settings.create({ clock, random: () => 0, draw: () => Promise.reject(new Error('not drawn here')) });
}

export const request: ImageRequest = {
  prompt: 'a fox in the morning fog, oil on canvas',
  width: 1080,
  height: 1080,
  seed: 42,
};

export function contextOf(signal: AbortSignal = new AbortController().signal): ProviderContext {
  return {
    signal,
    deadlineAt: Number.POSITIVE_INFINITY,
    waited: () => undefined,
    open: async () => async () => undefined,
    asking: () => undefined,
    record: () => undefined,
    job: { load: async () => undefined, save: async () => undefined },
    log: silentLog,
  };
}

export async function failure(promise: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof ProviderError)) throw new Error('no ProviderError', { cause: error });
  return error;
}

export function drawPng(width = 64, height = 64): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
}

/** Holds nock to its word: nothing goes out, and what is not matched or not used fails the test. */
export function useStrictNock(): void {
  const unmatched: string[] = [];
  const note = (seen: { method?: string; path?: string; host?: string; options?: { host?: string } }) => {
    const host = seen.host ?? seen.options?.host ?? '';
    if (!host.includes('127.0.0.1')) unmatched.push(`${seen.method} ${host}${seen.path}`);
  };
  beforeAll(() => {
    nock.disableNetConnect();
    nock.enableNetConnect('127.0.0.1');
    nock.emitter.on('no match', note);
  });
  afterEach(() => {
    const pending = nock.pendingMocks();
    nock.cleanAll();
    expect({ unmatched: unmatched.splice(0), pending }).toEqual({ unmatched: [], pending: [] });
  });
  afterAll(() => {
    nock.emitter.off('no match', note);
    nock.enableNetConnect();
    nock.restore();
  });
}

/** An emulated Hugging Face for each test of a file. */
export interface Emulation {
  server: EmulatedHuggingFace;
  /** Requests for images, in order. */
  seen: EmulatedRequest[];
  /** Bodies, or failing statuses, by the partner that is to answer so. */
  answers: Record<string, unknown>;
  /** The settings that lead to it. */
  here: () => { HF_ENDPOINT: string; HF_HUB_URL: string };
  /** The partners asked since the last look. */
  partnersAsked: () => (string | undefined)[];
}

export function useEmulation(): Emulation {
  let running: EmulatedHuggingFace | undefined;
  const emulation: Emulation = {
    get server() {
      if (running === undefined) throw new Error('not started');
      return running;
    },
    seen: [],
    answers: {},
    here: () => ({ HF_ENDPOINT: emulation.server.url, HF_HUB_URL: emulation.server.hubUrl }),
    partnersAsked: () => emulation.seen.splice(0).map(({ path }) => path.split('/')[1]),
  };
  beforeEach(async () => {
    emulation.seen = [];
    emulation.answers = {};
    running = await startEmulatedHuggingFace({
      behaviour(asked) {
        emulation.seen.push(asked);
        const partner = asked.path.split('/')[1] ?? '';
        if (!(partner in emulation.answers)) return undefined;
        const body = emulation.answers[partner];
        return typeof body === 'number' ? { status: body, body: { error: 'refused' } } : { status: 200, body };
      },
    });
  });
  afterEach(() => running?.close());
  return emulation;
}

import sharp from 'sharp';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Clock } from '../../src/lib/clock.ts';
import { readEnvironment } from '../../src/core/environment.ts';
import { ProviderError, type ProviderErrorFacts } from '../../src/core/errors.ts';
import type { FailureCode } from '../../src/core/reactions.ts';
import type { GeneratedImage, ImageRequest } from '../../src/core/image.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { ImageProvider, JobSlot, ProviderContext } from '../../src/core/provider.ts';
import type { ProviderEntry } from '../../src/providers/entry.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import type { GateAnswer, GateRequest } from '../support/gate.ts';
import { createRandom } from '../support/random.ts';

/** A recorded or documented answer that tells of a failure. */
export interface FailureBody extends GateAnswer {
  /** What the failure must know besides its code. */
  facts?: ProviderErrorFacts;
  /** The requests it answers; those for an image unless given. */
  to?: (request: GateRequest) => boolean;
}

/** The emulated server of a provider, and how to read the requests that come to it. */
export interface ServerRig {
  /** Starts a server that makes images, with the rig's secrets as its keys. */
  start: () => Promise<{ url: string; close(): Promise<void> }>;
  /** Is this the request that has an image made, and may cost money? */
  asksForImage: (request: GateRequest) => boolean;
  /** For servers that can stop a job. */
  cancel?: {
    /** Is the job known to run while this request is answered? */
    at: (request: GateRequest) => boolean;
    /** Is this part of stopping it? */
    is: (request: GateRequest) => boolean;
  };
  /** True when jobs run remotely under an id that is kept; the server must then not be done with its first answer. */
  keepsJobs?: boolean;
  /** Answers by the failure they stand for. */
  bodies: Partial<Record<FailureCode, readonly FailureBody[]>>;
}

/** What the contract must know of a provider. */
export interface ProviderRig {
  /** The title of its part of the suite. */
  name: string;
  entry: ProviderEntry;
  /** The settings that lead to the server at this address. */
  variables: (url: string) => Record<string, string>;
  /** Keys among those settings. */
  secrets: readonly string[];
  /** What an image says of itself. */
  expected: Partial<GeneratedImage>;
  /** Undefined for what is built in. */
  server?: ServerRig;
}

export const contractRequest: ImageRequest = {
  prompt: 'an otter that reads the morning paper aloud to its three children by the river',
  negativePrompt: 'blurred whiskers and a crooked newspaper',
  width: 256,
  height: 256,
  seed: 42,
};

/** The provider as these settings make it. */
export function makeProvider(rig: ProviderRig, url: string, clock: Clock = createFakeClock()): ImageProvider {
  const environment = readEnvironment(rig.variables(url));
  const settings = rig.entry.read(environment);
  expect(environment.problems).toEqual([]);
  if (settings === undefined) throw new Error(`${rig.name} is not in the chain`);
  return settings.create({ clock, random: createRandom(1), draw: drawPlaceholder });
}

async function drawPlaceholder({ width, height }: { width: number; height: number }) {
  const placeholder = sharp({ create: { width, height, channels: 3, background: 'teal' } });
  return { bytes: await placeholder.png().toBuffer(), omitted: [] };
}

/** Keeps the ids of remote jobs in memory. */
export function createJobSlot(): JobSlot & { readonly ids: Map<string, string> } {
  const ids = new Map<string, string>();
  return {
    ids,
    load: async (provider) => ids.get(provider),
    async save(provider, id) {
      if (id === undefined) ids.delete(provider);
      else ids.set(provider, id);
    },
  };
}

/** A row's context with five minutes left. */
export function createContext(
  clock: Pick<Clock, 'monotonic'>,
  { signal = new AbortController().signal, job = createJobSlot() }: Partial<Pick<ProviderContext, 'signal' | 'job'>>,
): ProviderContext {
  return {
    signal,
    deadlineAt: clock.monotonic() + 300_000,
    waited: () => undefined,
    open: async () => async () => undefined,
    asking: () => undefined,
    record: () => undefined,
    job,
    log: silentLog,
  };
}

/** What a promise ends with, either way. */
export function outcomeOf<T>(promise: Promise<T>): Promise<unknown> {
  return promise.catch((reason: unknown) => reason);
}

/** A clock like the fake one that calls `onSleep` at each wait, with its number from 0 and its signal. */
export function clockThat(onSleep: (index: number, signal?: AbortSignal) => Promise<void> | void): FakeClock {
  const clock = createFakeClock();
  let sleeps = 0;
  return {
    ...clock,
    async sleep(ms, signal) {
      sleeps += 1;
      await onSleep(sleeps - 1, signal);
      await clock.sleep(ms, signal);
    },
  };
}

/** What is wrong with the outcome of a call: it must be an image, or a ProviderError whose facts make sense, without secrets and prompt. */
export function flawsIn(outcome: unknown, secrets: readonly string[]): string[] {
  if (!(outcome instanceof ProviderError)) {
    const { success, error } = imageSchema.safeParse(outcome);
    return success ? [] : [`neither image nor ProviderError, but ${String(outcome)} (${error.message})`];
  }
  const { retryAfterMs = 0, until = 0 } = outcome.facts;
  return [
    ...leaksIn(wordsOf(outcome), secrets),
    ...(Number.isFinite(retryAfterMs) && retryAfterMs >= 0 ? [] : [`retryAfterMs ${retryAfterMs}`]),
    ...(Number.isFinite(until) && until >= 0 ? [] : [`until ${until}`]),
  ];
}

/** Proves that the outcome of a call is a flawless failure, and gives it. */
export function expectFailure(outcome: unknown, secrets: readonly string[]): ProviderError {
  expect(flawsIn(outcome, secrets)).toEqual([]);
  if (!(outcome instanceof ProviderError)) throw new Error('it gave an image instead of a failure');
  return outcome;
}

const imageSchema = z.object({
  bytes: z.instanceof(Uint8Array),
  mediaType: z.enum(['image/png', 'image/jpeg', 'image/webp']),
  width: z.int().positive(),
  height: z.int().positive(),
});

/** The secrets and prompts that a text gives away. */
export function leaksIn(words: string, secrets: readonly string[]): string[] {
  const { prompt, negativePrompt = '' } = contractRequest;
  return [...secrets, prompt, negativePrompt].flatMap((hidden) =>
    words.includes(hidden) ? [`"${hidden}" stands in: ${words}`] : [],
  );
}

function wordsOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}\n${wordsOf(error.cause)}` : error.message;
}

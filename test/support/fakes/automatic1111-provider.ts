import { expect } from 'vitest';
import { systemClock, systemRandom } from '../../../src/lib/clock.ts';
import { readEnvironment, type Variables } from '../../../src/core/environment.ts';
import { ProviderError } from '../../../src/core/errors.ts';
import type { ImageRequest } from '../../../src/core/image.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { ImageProvider, ProviderContext } from '../../../src/core/provider.ts';
import { automatic1111 } from '../../../src/providers/automatic1111/automatic1111.ts';
import type { ProviderDependencies } from '../../../src/providers/entry.ts';

const draw: ProviderDependencies['draw'] = () => Promise.reject(new Error('it draws no placeholder'));

/** The provider as these settings make it. */
export function createStableDiffusion(
  variables: Variables,
  dependencies: Partial<ProviderDependencies> = {},
): ImageProvider {
  const environment = readEnvironment({ SD_ENABLED: 'true', ...variables });
  const settings = automatic1111.read(environment);
  expect(environment.problems).toEqual([]);
  if (settings === undefined) throw new Error('the provider is not in the chain');
  return settings.create({ clock: systemClock, random: systemRandom, draw, ...dependencies });
}

export const imageRequest: ImageRequest = { prompt: 'a red fox in the snow', width: 512, height: 512, seed: 42 };

/** A context without a deadline. */
export function contextWith(signal: AbortSignal = new AbortController().signal): ProviderContext {
  return {
    signal,
    deadlineAt: Number.POSITIVE_INFINITY,
    waited: () => undefined,
    open: async () => async () => undefined,
    asking: () => undefined,
    record: () => undefined,
    job: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
    log: silentLog,
  };
}

/** The ProviderError that the promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProviderError) return error;
  throw new Error(`no ProviderError, but ${String(error)}`, { cause: error });
}

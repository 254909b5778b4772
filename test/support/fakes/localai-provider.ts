import { expect } from 'vitest';
import { readEnvironment, type Variables } from '../../../src/core/environment.ts';
import type { ImageProvider } from '../../../src/core/provider.ts';
import type { ProviderDependencies } from '../../../src/providers/entry.ts';
import { localai } from '../../../src/providers/localai/localai.ts';
import { createFakeClock } from '../fake-clock.ts';

const draw: ProviderDependencies['draw'] = () => Promise.reject(new Error('it draws no placeholder'));

/** The provider as these settings make it. */
export function createLocalAi(variables: Variables, dependencies: Partial<ProviderDependencies> = {}): ImageProvider {
  const environment = readEnvironment(variables);
  const settings = localai.read(environment);
  expect(environment.problems).toEqual([]);
  if (settings === undefined) throw new Error('the provider is not in the chain');
  return settings.create({ clock: createFakeClock(), random: () => 0, draw, ...dependencies });
}

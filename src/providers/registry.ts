import type { Environment } from '../core/environment.ts';
import type { ProviderEntry, ProviderSettings } from './entry.ts';
import { automatic1111 } from './automatic1111.ts';
import { huggingface } from './huggingface.ts';
import { placeholder } from './placeholder.ts';

export type { ProviderSettings } from './entry.ts';

const entries: readonly ProviderEntry[] = [huggingface, automatic1111, placeholder];

const names = ['huggingface', 'stable-diffusion', 'localai', 'replicate', 'runpod', 'placeholder'];

/** The chain that the settings ask for: configured providers only, in the order of IMAGE_PROVIDERS, the card last. */
export function readProviders(environment: Environment): ProviderSettings[] {
  const order = environment.list('IMAGE_PROVIDERS', names, names);
  const chain = order
    .flatMap((name) => entries.filter((entry) => entry.name === name))
    .flatMap((entry) => entry.read(environment) ?? []);
  return [...chain.filter(({ name }) => name !== 'placeholder'), ...chain.filter(({ name }) => name === 'placeholder')];
}

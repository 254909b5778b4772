import type { Environment } from '../core/environment.ts';
import type { ProviderEntry, ProviderSettings } from './entry.ts';
import { automatic1111 } from './automatic1111/automatic1111.ts';
import { cloudflare } from './cloudflare/cloudflare.ts';
import { huggingface } from './huggingface/huggingface.ts';
import { localai } from './localai/localai.ts';
import { placeholder } from './placeholder/placeholder.ts';
import { replicate } from './replicate/replicate.ts';
import { runpod } from './runpod/runpod.ts';

export type { ProviderSettings } from './entry.ts';

const entries: readonly ProviderEntry[] = [
  huggingface,
  automatic1111,
  cloudflare,
  localai,
  replicate,
  runpod,
  placeholder,
];

/** The order of the chain unless the settings give another; the placeholder comes last in any case. */
const usualOrder = ['huggingface', 'stable-diffusion', 'localai', 'replicate', 'runpod', placeholder.name];

const knownProviders = [
  ...usualOrder.flatMap((name) => entries.find((entry) => entry.name === name) ?? []),
  ...entries.filter(({ name }) => !usualOrder.includes(name)),
].map(({ name, label }) => ({ name, label }));

/** The chain that the settings ask for: configured providers only, in the order of IMAGE_PROVIDERS, the placeholder last. */
export function readProviders(environment: Environment): ProviderSettings[] {
  const names = entries.map(({ name }) => name);
  const order = environment.list('IMAGE_PROVIDERS', usualOrder, names);
  const configured = entries.flatMap((entry) => entry.read(environment) ?? []);
  const place = ({ name }: ProviderSettings) => (name === placeholder.name ? order.length : order.indexOf(name));
  return configured.filter(({ name }) => order.includes(name)).toSorted((one, other) => place(one) - place(other));
}

/** Every provider of the product for whoever shows them: the configured ones in their order, the others last. */
export function withUnconfigured(
  configured: readonly { name: string; label: string }[],
): { name: string; label: string; configured: boolean }[] {
  const names = new Set(configured.map(({ name }) => name));
  const others = knownProviders.filter(({ name }) => !names.has(name));
  return [
    ...configured.map(({ name, label }) => ({ name, label, configured: true })),
    ...others.map((provider) => ({ ...provider, configured: false })),
  ];
}

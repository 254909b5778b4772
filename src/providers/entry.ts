import type { Clock, Random } from '../lib/clock.ts';
import type { Environment } from '../core/environment.ts';
import type { ImageProvider } from '../core/provider.ts';

/** Draws a card of exactly the size asked; `omitted` names what no font at hand could show. */
export type DrawPlaceholder = (card: {
  headline: string;
  width: number;
  height: number;
  seed: number;
}) => Promise<{ bytes: Uint8Array; omitted: string[] }>;

/** What providers need of the rest of the product. */
export interface ProviderDependencies {
  clock: Clock;
  random: Random;
  draw: DrawPlaceholder;
}

/** A provider as the settings want it: in the chain, not yet made. */
export interface ProviderSettings {
  name: string;
  label: string;
  /** For one attempt. */
  timeoutMs: number;
  /** Pictures at once. */
  concurrency: number;
  /** For one picture; above 0 the provider is paid. */
  costUsd: number;
  /** The model's id, where the settings name one. */
  model?: string;
  /** Says whose credit and key are used without showing the key; what is remembered of an account hangs on it. */
  account: string;
  create: (dependencies: ProviderDependencies) => ImageProvider;
}

/** One provider of the registry. */
export interface ProviderEntry {
  readonly name: string;
  readonly label: string;
  /** Undefined when the settings do not configure it. */
  read(environment: Environment): ProviderSettings | undefined;
}

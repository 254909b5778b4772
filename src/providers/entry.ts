import { createHash } from 'node:crypto';
import type { Clock, Random } from '../lib/clock.ts';
import type { Environment } from '../core/environment.ts';
import type { ImageProvider } from '../core/provider.ts';

/** Draws a placeholder of exactly the size asked; `omitted` names what no font at hand could show. */
export type DrawPlaceholder = (placeholder: {
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

/** What every real provider's settings say of its use. */
interface UsageSettings {
  /** For one attempt. */
  timeoutMs: number;
  /** Images at once. */
  concurrency: number;
  /** For one image; above 0 the provider is paid. */
  costUsd: number;
}

/** A provider as the settings want it: in the chain, not yet made. */
export interface ProviderSettings extends UsageSettings {
  name: string;
  label: string;
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

/** A provider as its own file describes it. */
export interface ProviderDefinition {
  /** Stands in IMAGE_PROVIDERS and in the ledger. */
  name: string;
  /** The name for people. */
  label: string;
  /** Starts the names of its settings: SD in SD_TIMEOUT_SECONDS, SD_CONCURRENCY and SD_COST_USD. */
  prefix: string;
  defaults: { timeoutSeconds: number; concurrency: number; mostConcurrency: number; costUsd: number };
  /** Reads the settings of its own; undefined when they do not configure it. */
  read: (environment: Environment, usage: UsageSettings) => ConfiguredProvider | undefined;
}

/** What a provider can do, besides being called something. */
export type ProviderMethods = Pick<ImageProvider, 'generate' | 'check'>;

interface ConfiguredProvider {
  model?: string | undefined;
  /** The key and the addresses it is used at; only their digest leaves this room. */
  account: readonly string[];
  create: (dependencies: ProviderDependencies) => ProviderMethods;
}

/** Makes a registry's entry of a provider, with the settings that all real providers have. */
export function defineProvider({ name, label, prefix, defaults, read }: ProviderDefinition): ProviderEntry {
  return {
    name,
    label,
    read(environment) {
      const { timeoutSeconds, concurrency, mostConcurrency, costUsd } = defaults;
      const number = (suffix: string, fallback: number, min: number, max: number, whole = false) =>
        environment.number(`${prefix}_${suffix}`, { fallback, min, max, whole });
      const usage: UsageSettings = {
        timeoutMs: 1000 * number('TIMEOUT_SECONDS', timeoutSeconds, 1, 3600),
        concurrency: number('CONCURRENCY', concurrency, 1, mostConcurrency, true),
        costUsd: number('COST_USD', costUsd, 0, 100),
      };
      const configured = read(environment, usage);
      if (configured === undefined) return undefined;
      const { model, account, create } = configured;
      return {
        name,
        label,
        ...usage,
        ...(model !== undefined && { model }),
        account: createHash('sha256').update(account.join('\n')).digest('hex').slice(0, 8),
        create: (dependencies) => ({ name, label, ...create(dependencies) }),
      };
    },
  };
}

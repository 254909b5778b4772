import type { Environment } from '../core/environment.ts';
import type { GeneratedImage, ImageRequest } from '../core/image.ts';
import type { ImageProvider, ProviderCheck, ProviderContext, ProviderUse } from '../core/provider.ts';
import type { Clock, Random } from '../lib/clock.ts';
import { sha256 } from '../lib/hash.ts';
import { runCheck } from './check.ts';
import { readHeader } from './image.ts';

/** Draws a placeholder of exactly the size asked; `omitted` names what no font at hand could show. */
export type DrawPlaceholder = (
  placeholder: Required<Pick<ImageRequest, 'headline' | 'width' | 'height' | 'seed'>>,
) => Promise<{ bytes: Uint8Array; omitted: string[] }>;

/** What providers need of the rest of the product. */
export interface ProviderDependencies {
  clock: Clock;
  random: Random;
  draw: DrawPlaceholder;
}

type Usage = Pick<ProviderUse, 'timeoutMs' | 'concurrency' | 'costUsd'>;

/** A provider as the settings want it: in the chain, not yet made. */
export interface ProviderSettings extends ProviderUse {
  create: (dependencies: ProviderDependencies) => ImageProvider;
}

/** One provider of the registry. */
export interface ProviderEntry extends Pick<ImageProvider, 'name' | 'label'> {
  /** Undefined when the settings do not configure it. */
  read(environment: Environment): ProviderSettings | undefined;
}

/** A provider as its own file describes it. */
export interface ProviderDefinition {
  /** Stands in IMAGE_PROVIDERS and in the ledger. */
  name: string;
  label: string;
  /** Starts the names of its settings: SD in SD_TIMEOUT_SECONDS, SD_CONCURRENCY and SD_COST_USD. */
  prefix: string;
  defaults: { timeoutSeconds: number; concurrency: number; mostConcurrency: number; costUsd: number };
  /** Reads the settings of its own; undefined when they do not configure it. */
  read: (environment: Environment, usage: Usage) => ConfiguredProvider | undefined;
}

interface ConfiguredProvider {
  model?: string | undefined;
  /** The key and the addresses it is used at; only their digest leaves this room. */
  account: readonly string[];
  create: (dependencies: ProviderDependencies) => ProviderMethods;
}

/** What a provider's own code does. */
export interface ProviderMethods {
  generate: (request: ImageRequest, context: ProviderContext) => Promise<ProvidedImage>;
  check: (signal: AbortSignal) => Promise<ProviderCheck>;
  /** Says in a sentence what kept a check from an answer; what is not to be explained it throws again. */
  explainCheck: (error: unknown) => string;
  /** 10 s unless given. */
  checkTimeoutMs?: number;
}

/** An image before its bytes are looked at. */
export interface ProvidedImage extends Partial<Pick<GeneratedImage, 'model' | 'family' | 'costUsd' | 'warnings'>> {
  bytes: Uint8Array;
  seed: number | undefined;
}

/** The setting's value as it is; notes a problem when it is given in another form. */
export function checkForm<T extends string | undefined>(
  environment: Environment,
  setting: { name: string; value: T; form: RegExp; advice: string },
): T {
  const { name, value, form, advice } = setting;
  if (value !== undefined && !form.test(value)) environment.problem(`${name} is "${value}": ${advice}.`);
  return value;
}

/** Reads a setting that is one of a few words, the first unless it is set. */
export function readChoice<T extends string>(environment: Environment, name: string, choices: readonly [T, ...T[]]): T {
  const given = environment.text(name, choices[0]).toLowerCase();
  const choice = choices.find((known) => known === given);
  if (choice === undefined) environment.problem(`${name} is "${given}": choose from ${choices.join(', ')}.`);
  return choice ?? choices[0];
}

/** Makes a registry's entry of a provider, with what all real providers have in common. */
export function defineProvider({ name, label, prefix, defaults, read }: ProviderDefinition): ProviderEntry {
  return {
    name,
    label,
    read(environment) {
      const { timeoutSeconds, concurrency, mostConcurrency, costUsd } = defaults;
      const number = (suffix: string, fallback: number, min: number, max: number, whole = false) =>
        environment.number(`${prefix}_${suffix}`, { fallback, min, max, whole });
      const usage: Usage = {
        timeoutMs: 1000 * number('TIMEOUT_SECONDS', timeoutSeconds, 1, 3600),
        concurrency: number('CONCURRENCY', concurrency, 1, mostConcurrency, true),
        costUsd: number('COST_USD', costUsd, 0, 100),
      };
      const configured = read(environment, usage);
      if (configured === undefined) return undefined;
      const { model, account, create } = configured;
      const shared = { provider: name, model: model ?? name, family: name, costUsd: usage.costUsd };
      return {
        name,
        label,
        ...usage,
        ...(model !== undefined && { model }),
        account: sha256(account.join('\n')).slice(0, 8),
        create(dependencies) {
          const { generate, check, explainCheck, checkTimeoutMs } = create(dependencies);
          return {
            name,
            label,
            async generate(request, context) {
              const { seed, warnings = [], ...image } = await generate(request, context);
              return {
                ...shared,
                ...image,
                ...(seed !== undefined && { seed }),
                ...(warnings.length > 0 && { warnings }),
                ...(await readHeader(label, image.bytes)),
              };
            },
            check: ({ signal }) => runCheck(signal, check, explainCheck, checkTimeoutMs),
          };
        },
      };
    },
  };
}

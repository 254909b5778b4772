import { isIP } from 'node:net';
import type { Size } from '../../core/image.ts';

/** How one kind of OpenAI-compatible server wants to be asked. */
export interface Dialect {
  /** The word for base64 in `response_format`; without it the field must not be sent. */
  base64?: 'b64_json' | 'base64';
  /** `size` with any numbers, two fields of their own, or one of few sizes. */
  size: 'free' | 'sides' | readonly Size[];
  steps?: 'step' | 'steps';
  hasSeed: boolean;
  negativePrompt: 'after bar' | 'field' | 'none';
  /** A bar in the prompt starts the negative prompt, or may do so. */
  barSplits: boolean;
  /** Characters. */
  longestPrompt: number;
  /** Refuses a request that names no model, or takes one that cannot be known here. */
  needsModel: boolean;
  /** Is there `/readyz` beside the API? */
  hasReadiness: boolean;
}

/** The words that LOCALAI_DIALECT takes. */
export const dialectChoices = ['auto', 'localai', 'openai', 'together', 'plain'] as const;
export type DialectChoice = (typeof dialectChoices)[number];

const openAi: Dialect = {
  size: sizes('1024x1024', '1536x1024', '1024x1536'),
  hasSeed: false,
  negativePrompt: 'none',
  barSplits: false,
  longestPrompt: 32_000,
  needsModel: true,
  hasReadiness: false,
};

/** LocalAI 4.9 and the services' documentation, 2026-11. */
const dialects = {
  localai: {
    base64: 'b64_json',
    size: 'free',
    steps: 'step',
    hasSeed: true,
    negativePrompt: 'after bar',
    barSplits: true,
    longestPrompt: Number.POSITIVE_INFINITY,
    needsModel: false,
    hasReadiness: true,
  },
  openai: openAi,
  'dall-e-3': {
    ...openAi,
    base64: 'b64_json',
    size: sizes('1024x1024', '1792x1024', '1024x1792'),
    longestPrompt: 4000,
  },
  'dall-e-2': { ...openAi, base64: 'b64_json', size: sizes('1024x1024'), longestPrompt: 1000 },
  together: {
    base64: 'base64',
    size: 'sides',
    steps: 'steps',
    hasSeed: true,
    negativePrompt: 'field',
    barSplits: false,
    longestPrompt: Number.POSITIVE_INFINITY,
    needsModel: true,
    hasReadiness: false,
  },
  plain: {
    base64: 'b64_json',
    size: 'free',
    hasSeed: false,
    negativePrompt: 'none',
    barSplits: true,
    longestPrompt: Number.POSITIVE_INFINITY,
    needsModel: false,
    hasReadiness: false,
  },
} as const satisfies Record<string, Dialect>;

/** The dialect chosen; `auto` judges by the host's name and the model. */
export function dialectFor(choice: DialectChoice, url: string, model = ''): Dialect {
  const name = choice === 'auto' ? guess(new URL(url).hostname, model) : choice;
  if (name !== 'openai') return dialects[name];
  const legacy = (['dall-e-3', 'dall-e-2'] as const).find((id) => id === withoutVendor(model));
  return dialects[legacy ?? 'openai'];
}

function guess(host: string, model: string): Exclude<DialectChoice, 'auto'> {
  if (/(?:^|\.)openai\.com$/.test(host)) return 'openai';
  if (/(?:^|\.)together\.(?:ai|xyz)$/.test(host)) return 'together';
  if (/^(?:gpt-image|chatgpt-image|dall-e)-/.test(withoutVendor(model))) return 'openai';
  return isOwnServer(host) ? 'localai' : 'plain';
}

/** Gateways put the vendor before the model: `openai/gpt-image-1`. */
function withoutVendor(model: string): string {
  return (model.split('/').at(-1) ?? model).toLowerCase();
}

/** A bare address or a name that only the own network knows, such as a container's. */
function isOwnServer(host: string): boolean {
  const isBareAddress = isIP(host.replaceAll(/[[\]]/g, '')) !== 0;
  return isBareAddress || !host.includes('.') || /localai|\.(?:local|localhost|lan|internal|home\.arpa)$/.test(host);
}

function sizes(...names: string[]): Size[] {
  return names.map((name) => {
    const [width = 0, height = 0] = name.split('x').map(Number);
    return { width, height };
  });
}

import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import type { ProviderClient } from '../call.ts';
import { shareAnswer } from './shared-answer.ts';

/** The partners for which @huggingface/inference 4.13 knows text-to-image. */
export const partners = [
  'nscale',
  'fal-ai',
  'replicate',
  'together',
  'deepinfra',
  'wavespeed',
  'zai-org',
  'hf-inference',
] as const;
export type Partner = (typeof partners)[number];

/** One way to a model: the partner that serves it and its id there. */
export interface Route {
  partner: Partner;
  providerId: string;
  /** Set for fine-tuned models that a partner serves on top of a base model. */
  adapter?: string | undefined;
  adapterWeightsPath?: string | undefined;
}

/** The ways to one model, and the memory of those that were withdrawn. */
export type Routes = ReturnType<typeof createRoutes>;

export interface RouteSettings {
  key: string;
  model: string;
  /** `auto`, or the one partner to use. */
  provider: 'auto' | Partner;
}

const knownForMs = 3_600_000;
const guessedForMs = 300_000;
const retiredForMs = 24 * 3_600_000;

/** Model ids go into paths, so they are held to the Hub's own alphabet. */
export function isModelId(id: string): boolean {
  return id.split(/[/:]/).every((part) => /^[\w.-]+$/.test(part) && !/^\.+$/.test(part));
}

/** The ways to a model that the Hub names; nothing is asked yet. */
export function createRoutes(hub: ProviderClient, { model, provider }: RouteSettings, clock: Clock) {
  const retiredUntil = new Map<Partner, number>();
  const findRoutes = shareAnswer<Route[]>({
    clock,
    ask: (signal) => askHub(hub, model, signal),
    knownForMs: (routes) => (routes ? knownForMs : guessedForMs),
  });

  const isWanted = ({ partner }: Route) => partner === provider;
  return {
    /** What is open now, the best first; asks the Hub when its last answer is too old. */
    async open(signal: AbortSignal): Promise<Route[]> {
      const all = (await findRoutes(signal)) ?? builtIn(model);
      const wanted =
        provider === 'auto'
          ? all
          : [[...all, ...builtIn(model)].find(isWanted) ?? { partner: provider, providerId: model }];
      return wanted.filter(({ partner }) => clock.monotonic() >= (retiredUntil.get(partner) ?? 0));
    },
    retire: ({ partner }: Route) => void retiredUntil.set(partner, clock.monotonic() + retiredForMs),
  };
}

const entrySchema = z.object({
  provider: z.enum(partners),
  providerId: z.string().max(200).refine(isModelId),
  status: z.literal('live'),
  task: z.literal('text-to-image'),
  adapter: z.string().optional(),
  adapterWeightsPath: z.string().optional(),
});
const modelSchema = z.object({
  inferenceProviderMapping: z.union([z.array(z.unknown()), z.record(z.string(), z.looseObject({}))]).optional(),
});

/** Undefined when the Hub gives no usable answer; empty when nobody serves the model. */
async function askHub(hub: ProviderClient, model: string, signal: AbortSignal): Promise<Route[] | undefined> {
  const answer = await hub.get(`/api/models/${model}?expand[]=inferenceProviderMapping`, signal);
  const parsed = modelSchema.safeParse(answer.json());
  if (answer.status !== 200 || !parsed.success) return undefined;
  const mapping = parsed.data.inferenceProviderMapping ?? [];
  const entries = Array.isArray(mapping)
    ? mapping
    : Object.entries(mapping).map(([provider, entry]) => ({ ...entry, provider }));
  return entries.flatMap((entry) => {
    const { success, data } = entrySchema.safeParse(entry);
    if (!success) return [];
    const { provider: partner, providerId, adapter, adapterWeightsPath } = data;
    return [{ partner, providerId, adapter, adapterWeightsPath }];
  });
}

/** What served the default model in 2026-08; of other models hf-inference knows them by their own id. */
function builtIn(model: string): Route[] {
  return model.toLowerCase() === 'black-forest-labs/flux.1-schnell'
    ? [
        { partner: 'nscale', providerId: 'black-forest-labs/FLUX.1-schnell' },
        { partner: 'fal-ai', providerId: 'fal-ai/flux/schnell' },
      ]
    : [{ partner: 'hf-inference', providerId: model }];
}

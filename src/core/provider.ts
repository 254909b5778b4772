import { z } from 'zod';
import { keysOf } from '../lib/records.ts';
import { reactions } from './reactions.ts';
import type { GeneratedImage, ImageRequest } from './image.ts';
import type { Log } from '../lib/log.ts';

/** One call of one provider, or one refusal to call it: the unit of log, metric and history. */
export const attemptSchema = z.object({
  provider: z.string(),
  /** The provider's name for people, for example "Hugging Face". */
  label: z.string(),
  model: z.string(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  durationMs: z.number(),
  /** interrupted: the process ended while the call was open. */
  outcome: z.enum(['ok', 'interrupted', ...keysOf(reactions)]),
  /** True when the provider was not called at all. */
  notAsked: z.boolean().exactOptional(),
  costUsd: z.number().exactOptional(),
  /** True when money may have been spent without an image to show for it. */
  possiblySpent: z.boolean().exactOptional(),
  /** ISO 8601 time when the provider is worth asking again, where it is known. */
  until: z.string().exactOptional(),
  /** What the provider said, shortened, for the operator. */
  detail: z.string().exactOptional(),
});
export type Attempt = z.infer<typeof attemptSchema>;

/** A call that costs money and is under way. */
export const openCallSchema = z.object({
  provider: z.string(),
  label: z.string(),
  model: z.string(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  costUsd: z.number(),
});
export type OpenCall = z.infer<typeof openCallSchema>;

/** A place for the id of a job that runs elsewhere, so that a restart can pick it up instead of paying again. */
export interface JobSlot {
  load(provider: string): Promise<string | undefined>;
  save(provider: string, id: string | undefined): Promise<void>;
}

/** What a provider is given besides the request. */
export interface ProviderContext {
  signal: AbortSignal;
  /** On the clock's monotonic time, in ms; `Infinity` without a deadline. It moves by what `waited` reports. */
  readonly deadlineAt: number;
  /** Reports ms spent waiting for a free slot, which count against no deadline. */
  waited(ms: number): void;
  /** Reports that a provider is being asked from now on. */
  asking(provider: Pick<ImageProvider, 'name' | 'label'>): void;
  record(attempt: Attempt): void;
  /** Writes down a call that costs money before it is made; the function it answers with writes down that the call ended without an image. */
  open(call: OpenCall): Promise<() => Promise<void>>;
  job: JobSlot;
  log: Log;
}

/** What a check of a provider found. */
export interface ProviderCheck {
  ok: boolean;
  /** One sentence, with the next step when not ok. */
  message: string;
}

/** What the settings say of a provider in the chain. */
export interface ProviderUse {
  name: string;
  label: string;
  /** The model's id, where the settings name one. */
  model?: string;
  /** For one attempt. */
  timeoutMs: number;
  /** Images at once. */
  concurrency: number;
  /** For one image; above 0 the provider is paid. */
  costUsd: number;
  /** Says whose credit and key are used without showing the key; what is remembered of an account hangs on it. */
  account: string;
}

/** Something that makes images. A policy takes a provider and is a provider, so a chain stands wherever one provider may. */
export interface ImageProvider {
  readonly name: string;
  readonly label: string;
  /** @throws {ProviderError} when it fails; the signal's reason when it is aborted. */
  generate(request: ImageRequest, context: ProviderContext): Promise<GeneratedImage>;
  /** Checks the provider without spending anything. */
  check?(context: Pick<ProviderContext, 'signal'>): Promise<ProviderCheck>;
}

/** A place in the chain for one image; calling it gives the place back, and does nothing the second time. */
export type Slot = () => void;

/** Several providers, of which one is asked after the other, with a bound on how many images are under way. */
export interface ImageChain extends ImageProvider {
  /** Waits until a provider that is open has a free slot; rejects with the signal's reason when aborted. */
  takeSlot(signal: AbortSignal): Promise<Slot>;
  /** Would a provider be asked now? */
  isOpen(): boolean;
}

/** A chain whose last provider draws placeholders, and the same chain without it. */
export interface ChainWithPlaceholder extends ImageChain {
  readonly real: ImageChain;
}

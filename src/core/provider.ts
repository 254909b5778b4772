import type { FailureCode } from './reactions.ts';
import type { GeneratedImage, ImageRequest } from './image.ts';
import type { Log } from '../lib/log.ts';

/** One call of one provider, or one refusal to call it: the unit of log, metric and history. */
export interface Attempt {
  provider: string;
  /** The provider's name for people, for example "Hugging Face". */
  label: string;
  model: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  durationMs: number;
  /** interrupted: the process ended while the call was open. */
  outcome: 'ok' | 'interrupted' | FailureCode;
  /** True when the provider was not called at all. */
  notAsked?: boolean;
  costUsd?: number;
  /** True when money may have been spent without a picture to show for it. */
  possiblySpent?: boolean;
  /** ISO 8601 time when the provider is worth asking again, where it is known. */
  until?: string;
  /** What the provider said, shortened, for the operator. */
  detail?: string;
}

/** A call that costs money and is under way. */
export interface OpenCall {
  provider: string;
  label: string;
  model: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  costUsd: number;
}

/** A place for the id of a job that runs elsewhere, so that a restart can pick it up instead of paying again. */
export interface JobSlot {
  load(provider: string): Promise<string | undefined>;
  save(provider: string, id: string | undefined): Promise<void>;
}

/** What a provider is given besides the request. */
export interface ProviderContext {
  signal: AbortSignal;
  /** On the clock's monotonic time, in ms; `Infinity` without a deadline. It moves by what `waited` is told. */
  readonly deadlineAt: number;
  /** Tells of ms spent waiting for a free slot, which count against no deadline. */
  waited(ms: number): void;
  /** Tells that a provider is being asked from now on. */
  asking(provider: Pick<ImageProvider, 'name' | 'label'>): void;
  record(attempt: Attempt): void;
  /** Writes down a call that costs money before it is made; the answer's function writes down that it ended without a picture. */
  open(call: OpenCall): Promise<() => Promise<void>>;
  job: JobSlot;
  log: Log;
}

/** The answer of a free look at a provider. */
export interface ProviderCheck {
  ok: boolean;
  /** One sentence, with the next step when not ok. */
  message: string;
}

/** Something that makes a picture. A policy takes a provider and is a provider, so a chain stands wherever one provider may. */
export interface ImageProvider {
  readonly name: string;
  readonly label: string;
  /** @throws {ProviderError} when it fails; the signal's reason when it is aborted. */
  generate(request: ImageRequest, context: ProviderContext): Promise<GeneratedImage>;
  /** Looks at the provider without spending anything. */
  check?(context: Pick<ProviderContext, 'signal'>): Promise<ProviderCheck>;
}

/** A place in the chain, given back when the picture is made or given up. */
export type Ticket = () => void;

/** The whole chain, which also says when it has room for one more picture. */
export interface ImageChain extends ImageProvider {
  /** Waits until a provider that is open has a free slot; the signal's reason when aborted. */
  enter(signal: AbortSignal): Promise<Ticket>;
}

/** A chain that ends in a drawn card, and its part that makes real pictures. */
export interface ChainWithPlaceholder extends ImageChain {
  readonly real: ImageChain & {
    /** Would a provider be asked now? */
    isOpen(): boolean;
  };
}

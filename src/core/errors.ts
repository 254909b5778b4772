import type { Attempt } from './provider.ts';

/** Every way in which a provider can fail; `reactions` says what each means. */
export type FailureCode =
  | 'out_of_credit'
  | 'unauthorized'
  | 'retired'
  | 'rate_limited'
  | 'loading'
  | 'unreachable'
  | 'unavailable'
  | 'timeout'
  | 'invalid_request'
  | 'content_rejected'
  | 'bad_image'
  | 'over_budget'
  | 'circuit_open';

/** What a failure means for the rest of the chain. */
export interface Reaction {
  /** May the same provider be asked again for the same picture? */
  again: 'no' | 'briefly' | 'wait' | 'once_if_free';
  /** Is the next provider asked? */
  next: boolean;
  /** What is remembered beyond this picture, and at what grain. */
  remember: 'nothing' | 'account' | 'route' | 'breaker';
  /** Does the operator have to act? */
  alert: boolean;
}

/** The one table of reactions; docs/architecture.md shows it to people. */
export const reactions: Readonly<Record<FailureCode, Reaction>> = {
  out_of_credit: { again: 'no', next: true, remember: 'account', alert: false },
  unauthorized: { again: 'no', next: true, remember: 'account', alert: true },
  retired: { again: 'no', next: true, remember: 'route', alert: true },
  rate_limited: { again: 'briefly', next: true, remember: 'account', alert: false },
  loading: { again: 'wait', next: true, remember: 'route', alert: false },
  unreachable: { again: 'no', next: true, remember: 'breaker', alert: false },
  unavailable: { again: 'once_if_free', next: true, remember: 'breaker', alert: false },
  timeout: { again: 'no', next: true, remember: 'breaker', alert: false },
  invalid_request: { again: 'no', next: true, remember: 'nothing', alert: false },
  content_rejected: { again: 'no', next: false, remember: 'nothing', alert: false },
  bad_image: { again: 'no', next: true, remember: 'breaker', alert: false },
  over_budget: { again: 'no', next: true, remember: 'nothing', alert: false },
  circuit_open: { again: 'no', next: true, remember: 'nothing', alert: false },
};

/** Facts a provider's answer may carry about its failure. */
export interface ProviderErrorFacts {
  /** HTTP status, where there was an answer. */
  status?: number;
  /** How long to wait before asking again, in ms. */
  retryAfterMs?: number;
  /** Wall-clock ms when asking again makes sense. */
  until?: number;
  /** True when the request may have reached the provider, so that money may have been spent. */
  sent?: boolean;
  cause?: unknown;
}

/** A provider's failure, read by policies. The message is for the operator and holds no secret and no prompt. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code: FailureCode;
  readonly facts: ProviderErrorFacts;

  constructor(code: FailureCode, message: string, facts: ProviderErrorFacts = {}) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.code = code;
    this.facts = facts;
  }
}

/** No provider of the chain made a picture, read by whoever asked for one. */
export class ChainExhaustedError extends Error {
  override readonly name = 'ChainExhaustedError';
  readonly attempts: readonly Attempt[];
  /** The failure that ended the chain. */
  readonly last: ProviderError;

  constructor(attempts: readonly Attempt[], last: ProviderError) {
    super(last.message, { cause: last });
    this.attempts = attempts;
    this.last = last;
  }
}

/** unreachable: no answer in time · refused: this one write is not accepted · gone: the row no longer exists. */
export type BoardFailure = 'unreachable' | 'refused' | 'gone';

/** The board's failure, read by the pass. The message is one sentence with the next step. */
export class BoardError extends Error {
  override readonly name = 'BoardError';
  readonly failure: BoardFailure;

  constructor(failure: BoardFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.failure = failure;
  }
}

/** Something only the operator can mend: settings, access, disk. Each problem is one sentence with the next step. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[], cause?: unknown) {
    const list = typeof problems === 'string' ? [problems] : problems;
    super(list.join('\n'), cause === undefined ? {} : { cause });
    this.problems = list;
  }
}

/** Another live worker holds the images folder. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}

/** Somebody asked the process to stop. */
export class StopSignal extends Error {
  override readonly name = 'StopSignal';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('stopped by a signal');
    this.exitCode = exitCode;
  }
}

import type { Attempt } from './provider.ts';
import type { FailureCode } from './reactions.ts';

/** Facts a provider's answer may carry about its failure. */
export interface ProviderErrorFacts {
  status?: number;
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

/** No provider of the chain made an image, read by whoever asked for one. */
export class ChainExhaustedError extends Error {
  override readonly name = 'ChainExhaustedError';
  readonly attempts: readonly Attempt[];
  readonly last: ProviderError;

  constructor(attempts: readonly Attempt[], last: ProviderError) {
    super(last.message, { cause: last });
    this.attempts = attempts;
    this.last = last;
  }
}

/** The provider's failure that an error stands for; undefined when it stands for none, such as an abort's reason. */
export function failureOf(error: unknown): ProviderError | undefined {
  if (error instanceof ChainExhaustedError) return error.last;
  return error instanceof ProviderError ? error : undefined;
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

/** Something that only the operator can set right: settings, access, disk. Each problem is one sentence with the next step. */
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

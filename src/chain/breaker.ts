import type { Clock, Random } from '../lib/clock.ts';
import { ProviderError } from '../core/errors.ts';
import { reactions } from '../core/reactions.ts';
import type { Log } from '../lib/log.ts';
import type { ImageProvider, ProviderContext } from '../core/provider.ts';
import { failureOf } from './failure.ts';
import type { ProviderMemory, Trouble } from '../state/provider-memory.ts';
import { isoTime } from '../lib/dates.ts';
import { describeLockout } from '../messages/failures.ts';
import { isDue, troubleOf } from './lockout.ts';

/** closed: asked · open: not asked, but by one probe once the trouble is due · half-open: the probe is under way. */
export type BreakerState =
  | { kind: 'closed'; failures: number }
  | { kind: 'open'; trouble: Trouble }
  | { kind: 'half-open'; trouble: Trouble };

/** Decides whether a provider is asked, by what became of earlier calls and what is remembered of its account. */
export interface Breaker {
  readonly state: BreakerState;
  /** Another number after each change of state: calls begun in an earlier era know only of a provider as it was. */
  readonly era: number;
  /** May a call begin now? */
  admits(): boolean;
  /** @throws {ProviderError} `circuit_open`, told in the ledger, when no call may begin now. */
  refuse(context: ProviderContext): void;
  /** Begins a call, or refuses it. Every call is ended by what became of it; without one nothing is learned. */
  begin(context: ProviderContext): (result: 'ok' | ProviderError | undefined) => Promise<void>;
  /** Closes it and forgets what is remembered. */
  reset(): Promise<void>;
}

export interface BreakerOptions {
  name: string;
  label: string;
  account: string;
  model: string;
  memory: ProviderMemory;
  clock: Clock;
  random: Random;
  log: Log;
  /** Hears of every change of state, except that trouble becomes due. */
  changed: () => void;
}

/** Weak failures in a row after which a provider is left alone. */
const failuresToOpen = 3;

export function createBreaker(options: BreakerOptions): Breaker {
  const { name, label, account, model, memory, clock, random, log, changed } = options;
  const owner = { name, account, model };
  const remembered = memory.recall(owner);
  let state: BreakerState = remembered ? { kind: 'open', trouble: remembered } : { kind: 'closed', failures: 0 };
  let era = 0;

  const enter = (next: BreakerState) => {
    state = next;
    era += 1;
    changed();
  };

  const admits = () => state.kind === 'closed' || (state.kind === 'open' && isDue(state.trouble, clock.now()));

  const refuse = (context: ProviderContext) => {
    if (state.kind === 'closed' || admits()) return;
    const { trouble } = state;
    const now = clock.now();
    const words = describeLockout(trouble, now);
    context.record({
      provider: name,
      label,
      model,
      startedAt: isoTime(now),
      durationMs: 0,
      outcome: reactions[trouble.code].remember === 'breaker' ? 'circuit_open' : trouble.code,
      notAsked: true,
      ...(trouble.until > now && { until: isoTime(trouble.until) }),
      detail: `not asked: ${words}`,
    });
    throw new ProviderError('circuit_open', `${label}: ${words}`, { until: trouble.until, sent: false });
  };

  const close = async () => {
    if (state.kind !== 'closed') log.info({ provider: name }, `${label}: back again`);
    enter({ kind: 'closed', failures: 0 });
    await memory.forget(name);
  };

  const open = async (failure: ProviderError) => {
    const earlier = state.kind === 'closed' ? undefined : state.trouble;
    const trouble = troubleOf(failure, earlier, { now: clock.now(), random });
    const { remember, alert } = reactions[trouble.code];
    enter({ kind: 'open', trouble });
    log[alert ? 'warn' : 'info'](
      { provider: name, code: trouble.code, detail: failure.message },
      `${label}: left out, ${describeLockout(trouble, clock.now())}`,
    );
    if (remember !== 'breaker') await memory.remember(owner, trouble);
  };

  const failed = async (failure: ProviderError, isCurrent: boolean) => {
    const verdict = verdictOn(failure);
    if (!isCurrent) {
      // A call from before knows no more than the probe will tell, but what it says of the account may reach further.
      if (verdict !== 'shut' || state.kind === 'half-open') return;
      const { code, until } = troubleOf(failure, undefined, { now: clock.now(), random });
      const reachesFurther = state.kind === 'closed' || (code !== state.trouble.code && until > state.trouble.until);
      if (reachesFurther) await open(failure);
      return;
    }
    if (state.kind === 'half-open') {
      if (verdict === 'alive') await close();
      else if (verdict === 'nothing') enter({ kind: 'open', trouble: state.trouble });
      else await open(failure);
    } else if (state.kind === 'closed') {
      const failures = state.failures + (verdict === 'weak' ? 1 : 0);
      if (verdict === 'shut' || failures >= failuresToOpen) await open(failure);
      else state = { kind: 'closed', failures };
    }
  };

  return {
    get state() {
      return state;
    },
    get era() {
      return era;
    },
    admits,
    refuse,
    begin(context) {
      refuse(context);
      if (state.kind === 'open') enter({ kind: 'half-open', trouble: state.trouble });
      const begun = era;
      return async (result) => {
        const isCurrent = begun === era;
        if (result instanceof ProviderError) await failed(result, isCurrent);
        else if (isCurrent && result === 'ok') {
          if (state.kind === 'half-open') await close();
          else state = { kind: 'closed', failures: 0 };
        } else if (isCurrent && state.kind === 'half-open') enter({ kind: 'open', trouble: state.trouble });
      };
    },
    reset: close,
  };
}

/** shut: leave the provider alone at once · weak: when it comes again and again · alive: it works · nothing: says nothing of it. */
function verdictOn({ code, facts }: ProviderError): 'shut' | 'weak' | 'alive' | 'nothing' {
  const { remember } = reactions[code];
  if (remember === 'account' || remember === 'route') return 'shut';
  // No time was left for a call, which is nothing to hold against the provider.
  if (remember === 'breaker') return code === 'timeout' && facts.sent === false ? 'nothing' : 'weak';
  return code === 'invalid_request' || code === 'content_rejected' ? 'alive' : 'nothing';
}

/** Asks the provider only while its breaker lets it, and teaches the breaker. */
export function guarded(provider: ImageProvider, breaker: Breaker): ImageProvider {
  return {
    ...provider,
    async generate(request, context) {
      const end = breaker.begin(context);
      try {
        const image = await provider.generate(request, context);
        await end('ok');
        return image;
      } catch (error) {
        await end(context.signal.aborted ? undefined : failureOf(error));
        throw error;
      }
    },
  };
}

import type { Clock, Random } from '../lib/clock.ts';
import { isoTime } from '../lib/dates.ts';
import { failureOf, ProviderError } from '../core/errors.ts';
import { reactions } from '../core/reactions.ts';
import type { Log } from '../lib/log.ts';
import type { ImageProvider, ProviderContext } from '../core/provider.ts';
import { describeLockout } from '../messages/failures.ts';
import type { Lockout, LockoutOwner, ProviderMemory } from '../state/provider-memory.ts';
import { isDue, lockoutAfter } from './lockout.ts';

/** closed: asked · open: not asked, except by one probe once the lockout is due · half-open: the probe is under way. */
export type BreakerState =
  | { kind: 'closed'; failures: number }
  | { kind: 'open'; lockout: Lockout }
  | { kind: 'half-open'; lockout: Lockout };

/** Decides whether a provider is asked, by how earlier calls ended and what is remembered of its account. */
export interface Breaker {
  readonly state: BreakerState;
  /** Another number after each change of state: a call that began in an earlier epoch only knows the provider as it was then. */
  readonly epoch: number;
  admits(): boolean;
  /** Records the refusal as an attempt when no call may begin now. @throws {ProviderError} `circuit_open` */
  refuse(context: ProviderContext): void;
  /** Begins a call, or refuses it. The function that it answers with ends the call; without a result nothing is learned. */
  begin(context: ProviderContext): (result: 'ok' | ProviderError | undefined) => Promise<void>;
  /** Closes it and forgets what is remembered. */
  reset(): Promise<void>;
}

export interface BreakerOptions extends LockoutOwner {
  label: string;
  memory: ProviderMemory;
  clock: Clock;
  random: Random;
  log: Log;
  /** Called at every change of state; that a lockout becomes due is none. */
  onChange: () => void;
}

/** Weak failures in a row after which a provider is left alone. */
const failuresToOpen = 3;

/** A breaker that begins with what is remembered. Why it is written by hand: docs/decisions/0008-written-by-hand.md. */
export function createBreaker(options: BreakerOptions): Breaker {
  const { name, label, account, model, memory, clock, random, log, onChange } = options;
  const owner = { name, account, model };
  const remembered = memory.recall(owner);
  let state: BreakerState = remembered ? { kind: 'open', lockout: remembered } : { kind: 'closed', failures: 0 };
  let epoch = 0;

  const become = (next: BreakerState) => {
    state = next;
    epoch += 1;
    onChange();
  };

  const admits = () => state.kind === 'closed' || (state.kind === 'open' && isDue(state.lockout, clock.now()));

  const refuse = (context: ProviderContext) => {
    if (state.kind === 'closed' || admits()) return;
    const { code, until } = state.lockout;
    const now = clock.now();
    const words = describeLockout({ code, until }, now);
    context.record({
      provider: name,
      label,
      model,
      startedAt: isoTime(now),
      durationMs: 0,
      outcome: reactions[code].remember === 'breaker' ? 'circuit_open' : code,
      notAsked: true,
      ...(until > now && { until: isoTime(until) }),
      detail: `not asked: ${words}`,
    });
    throw new ProviderError('circuit_open', `${label}: ${words}`, { until, sent: false });
  };

  const close = async () => {
    if (state.kind !== 'closed') log.info({ provider: name }, `${label}: back again`);
    become({ kind: 'closed', failures: 0 });
    await memory.forget(name);
  };

  const open = async (failure: ProviderError) => {
    const earlier = state.kind === 'closed' ? undefined : state.lockout;
    const lockout = lockoutAfter(failure, earlier, { now: clock.now(), random });
    const { remember, alert } = reactions[lockout.code];
    become({ kind: 'open', lockout });
    log[alert ? 'warn' : 'info'](
      { provider: name, code: lockout.code, detail: failure.message },
      `${label}: left out, ${describeLockout(lockout, clock.now())}`,
    );
    if (remember !== 'breaker') await memory.remember(owner, lockout);
  };

  const learnFrom = async (failure: ProviderError) => {
    const evidence = evidenceOf(failure);
    if (state.kind === 'half-open') {
      if (evidence === 'alive') await close();
      else if (evidence === 'nothing') become({ kind: 'open', lockout: state.lockout });
      else await open(failure);
    } else if (state.kind === 'closed') {
      const failures = state.failures + (evidence === 'weak' ? 1 : 0);
      if (evidence === 'strong' || failures >= failuresToOpen) await open(failure);
      else state = { kind: 'closed', failures };
    }
  };

  /** A call from an earlier epoch knows less than the probe will, but what it says of the account may last longer. */
  const learnLate = async (failure: ProviderError) => {
    if (evidenceOf(failure) !== 'strong' || state.kind === 'half-open') return;
    const { code, until } = lockoutAfter(failure, undefined, { now: clock.now(), random });
    const lastsLonger = state.kind === 'closed' || (code !== state.lockout.code && until > state.lockout.until);
    if (lastsLonger) await open(failure);
  };

  return {
    get state() {
      return state;
    },
    get epoch() {
      return epoch;
    },
    admits,
    refuse,
    begin(context) {
      refuse(context);
      if (state.kind === 'open') become({ kind: 'half-open', lockout: state.lockout });
      const begunIn = epoch;
      return async (result) => {
        const isCurrent = begunIn === epoch;
        if (result instanceof ProviderError) await (isCurrent ? learnFrom(result) : learnLate(result));
        else if (isCurrent && result === 'ok') {
          if (state.kind === 'half-open') await close();
          else state = { kind: 'closed', failures: 0 };
        } else if (isCurrent && state.kind === 'half-open') become({ kind: 'open', lockout: state.lockout });
      };
    },
    reset: close,
  };
}

/**
 * What a failure proves of the provider. strong: it is not to be asked for now · weak: the same, once it comes again and again ·
 * alive: it works · nothing.
 */
function evidenceOf({ code, facts }: ProviderError): 'strong' | 'weak' | 'alive' | 'nothing' {
  const { remember } = reactions[code];
  if (remember === 'account' || remember === 'route') return 'strong';
  // No time was left for a call, which the provider cannot help.
  if (remember === 'breaker') return code === 'timeout' && facts.sent === false ? 'nothing' : 'weak';
  return code === 'invalid_request' || code === 'content_rejected' ? 'alive' : 'nothing';
}

/** Asks the provider only while its breaker admits a call, and reports to the breaker how each call ended. */
export function withBreaker(provider: ImageProvider, breaker: Breaker): ImageProvider {
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

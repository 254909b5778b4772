import type { Clock, Random } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ChainWithPlaceholder, ImageChain, ImageProvider } from '../core/provider.ts';
import type { Redact } from '../lib/redact.ts';
import { createMemory, type ProviderMemory } from '../state/provider-memory.ts';
import { type Finish, withAttemptLog } from './attempt.ts';
import { type BreakerState, createBreaker, withBreaker } from './breaker.ts';
import { type Budget, withBudget } from './budget.ts';
import { reserveFor, timeForCall, withProviderDeadline } from './deadline.ts';
import { fallback } from './fallback.ts';
import { type ChainProvider, isAsked, isReal, type LiveProvider, roomIn } from './live-provider.ts';
import { withPreference } from './preference.ts';
import { withRetry } from './retry.ts';
import { createSlots, withSlots } from './slots.ts';

/** What the chain needs of the rest of the product. */
export interface ChainDependencies {
  clock: Clock;
  random: Random;
  log: Log;
  redact: Redact;
  finish: Finish;
  /** One row's time, of which a part is reserved for the later providers. */
  rowTimeoutMs: number;
  /** Without one, what is learned of a provider ends with the process. */
  memory?: ProviderMemory;
  /** Without one, paid providers are asked whatever they cost. */
  budget?: Budget;
}

/** How one provider of the chain stands. */
export interface ProviderState {
  name: string;
  label: string;
  breaker: BreakerState;
  admits: boolean;
  free: number;
}

/** The chain as the rest of the product sees it. */
export interface Chain extends ChainWithPlaceholder {
  state(): ProviderState[];
  /** Asks one provider again, or all, whatever is remembered of them. */
  forget(name?: string): Promise<void>;
}

/** Joins the policies into one chain; the order of `providers` is the order in which they are asked. */
export function createChain(providers: readonly ChainProvider[], dependencies: ChainDependencies): Chain {
  const { clock, random, log, memory = createMemory(), budget } = dependencies;
  const live = providers.map((provider): LiveProvider => {
    const { label, model = label, costUsd, concurrency } = provider;
    return {
      ...provider,
      breaker: createBreaker({ ...provider, model, memory, clock, random, log, onChange: () => refresh() }),
      slots: createSlots(() => concurrency),
      isAffordable: () => costUsd === 0 || !budget || budget.admits(costUsd),
    };
  });
  const real = live.filter(isReal);
  // Rows wait at the entrance only for slots that others hold and give back, so that no timer has to wake them.
  const entrance = createSlots(() => roomIn(live));
  const realEntrance = createSlots(() => roomIn(real));
  const refresh = () => {
    for (const slots of [...live.map((provider) => provider.slots), entrance, realEntrance]) slots.refresh();
  };

  const inOrder = (order: readonly LiveProvider[]): ImageProvider => {
    const policies = order.map((provider, index) => withPolicies(provider, order.slice(index + 1), dependencies));
    return fallback(policies, { name: 'chain', label: 'Images' });
  };
  const chainOf = (own: readonly LiveProvider[], slots: typeof entrance): ImageChain => ({
    ...withPreference(own, own.filter(isReal), inOrder),
    takeSlot: (signal) => slots.take(signal),
    isOpen: () => own.some(isAsked),
  });

  return {
    ...chainOf(live, entrance),
    real: chainOf(real, realEntrance),
    state: () =>
      live.map((provider) => {
        const { name, label, breaker, slots } = provider;
        return { name, label, breaker: breaker.state, admits: isAsked(provider), free: slots.free };
      }),
    async forget(name) {
      const meant = live.filter((provider) => name === undefined || provider.name === name);
      await Promise.all(meant.map(({ breaker }) => breaker.reset()));
    },
  };
}

/** One provider with all policies around it, from the inside out; `later` are asked after it. */
function withPolicies(
  own: LiveProvider,
  later: readonly LiveProvider[],
  dependencies: ChainDependencies,
): ImageProvider {
  const { provider, timeoutMs, costUsd, label, model = label, breaker, slots } = own;
  const { clock, random, redact, finish, rowTimeoutMs, budget } = dependencies;
  const realLater = later.filter(isReal);
  const reserveMs = reserveFor(realLater.length, later.length > realLater.length, rowTimeoutMs);
  const limits = { timeoutMs, reserveMs, clock };
  const paid = costUsd > 0;

  const timed = withProviderDeadline(provider, limits);
  const logged = withAttemptLog(timed, {
    clock,
    finish,
    redact,
    model,
    costUsd,
    refuse: (context) => void timeForCall(provider, context, limits),
  });
  const counted = paid && budget ? withBudget(logged, budget) : logged;
  const repeated = withRetry(counted, {
    clock,
    random,
    paid,
    reserveMs,
    noOtherProvider: () => !realLater.some(isAsked),
    epoch: () => breaker.epoch,
  });
  const admitted = withBreaker(repeated, breaker);
  return withSlots(admitted, { slots, clock, refuse: (context) => breaker.refuse(context) });
}

import type { Clock, Random } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ChainWithPlaceholder, ImageProvider } from '../core/provider.ts';
import type { Redact } from '../lib/redact.ts';
import { attempted, type Finish } from './attempt.ts';
import { type Breaker, type BreakerState, createBreaker, guarded } from './breaker.ts';
import { type Budget, budgeted } from './budget.ts';
import { timeForCall, withinDeadline } from './deadline.ts';
import { fallback } from './fallback.ts';
import { createMemory, type ProviderMemory } from '../state/provider-memory.ts';
import { preferring } from './preference.ts';
import { retried } from './retry.ts';
import { createSlots, type Slots, slotted } from './slots.ts';

/** One provider as it stands in the chain. */
export interface RungSettings {
  name: string;
  label: string;
  provider: ImageProvider;
  /** For one attempt. */
  timeoutMs: number;
  /** Pictures at once. */
  concurrency: number;
  /** For one picture; above 0 the provider is paid. */
  costUsd: number;
  /** Says whose credit and key are used without showing the key. */
  account: string;
  /** The model's id, where the settings name one. */
  model?: string;
}

/** What the chain needs of the rest of the product. */
export interface ChainDependencies {
  clock: Clock;
  random: Random;
  log: Log;
  redact: Redact;
  finish: Finish;
  /** One row's time, of which a part is kept for the later rungs. */
  rowTimeoutMs: number;
  /** Without one, what is learned of a provider ends with the process. */
  memory?: ProviderMemory;
  /** Without one, paid providers cost what they cost. */
  budget?: Budget;
}

/** How one rung stands. */
export interface RungState {
  name: string;
  label: string;
  breaker: BreakerState;
  /** Would it be asked now? */
  admits: boolean;
  /** Free slots. */
  free: number;
}

/** The chain as the rest of the product sees it. */
export interface Chain extends ChainWithPlaceholder {
  state(): RungState[];
  /** Asks one provider again, or all, whatever is remembered of them. */
  forget(name?: string): Promise<void>;
}

interface Rung {
  settings: RungSettings;
  breaker: Breaker;
  slots: Slots;
  /** Would a call fit into the budget? */
  isAffordable: () => boolean;
}

const cardName = 'placeholder';
/** Kept of a row's time for each later provider, and for a card. */
const realReserveMs = 10_000;
const cardReserveMs = 5000;

/** Joins the policies: slots ▸ breaker ▸ retry ▸ budget ▸ attempt ▸ deadline for each rung, and the fallback over them. */
export function createChain(settings: readonly RungSettings[], dependencies: ChainDependencies): Chain {
  const { clock, random, log, memory = createMemory(), budget } = dependencies;
  const changed = () => {
    for (const { slots } of rungs) slots.refresh();
    admission.refresh();
    realAdmission.refresh();
  };
  const rungs = settings.map((own): Rung => {
    const { name, label, account, model = label, concurrency, costUsd } = own;
    const breaker = createBreaker({ name, label, account, model, memory, clock, random, log, changed });
    const isAffordable = () => costUsd === 0 || !budget || budget.admits(costUsd);
    return { settings: own, breaker, slots: createSlots(() => concurrency), isAffordable };
  });
  // Whoever waits here waits for a place that is held, so that time alone need not wake anyone.
  const admission = createSlots(() => roomIn(rungs));
  const realRungs = rungs.filter(isReal);
  const realAdmission = createSlots(() => roomIn(realRungs));
  const arrange = (order: readonly Rung[]) => {
    const providers = order.map((rung, index) => createRung(rung, order.slice(index + 1), dependencies));
    return fallback(providers, { name: 'chain', label: 'Images' });
  };

  return {
    ...preferring(rungs, isReal, arrange),
    takeSlot: (signal) => admission.take(signal),
    isOpen: () => rungs.some(isAsked),
    real: {
      ...preferring(realRungs, isReal, arrange),
      takeSlot: (signal) => realAdmission.take(signal),
      isOpen: () => realRungs.some(isAsked),
    },
    state: () =>
      rungs.map((rung) => {
        const { settings, breaker, slots } = rung;
        const { name, label } = settings;
        return { name, label, breaker: breaker.state, admits: isAsked(rung), free: slots.free };
      }),
    async forget(name) {
      const meant = rungs.filter(({ settings }) => name === undefined || settings.name === name);
      await Promise.all(meant.map(({ breaker }) => breaker.reset()));
    },
  };
}

function createRung(
  { settings, breaker, slots }: Rung,
  later: readonly Rung[],
  { clock, random, redact, finish, rowTimeoutMs, budget }: ChainDependencies,
): ImageProvider {
  const { provider, timeoutMs, costUsd, label, model = label } = settings;
  const reserveMs = reserveFor(later, rowTimeoutMs);
  const limits = { timeoutMs, reserveMs, clock };
  const call = attempted(withinDeadline(provider, limits), {
    clock,
    finish,
    redact,
    model,
    costUsd,
    refuse: (context) => void timeForCall(provider, context, limits),
  });
  const calls = retried(costUsd > 0 && budget ? budgeted(call, budget) : call, {
    clock,
    random,
    paid: costUsd > 0,
    reserveMs,
    noOtherRung: () => !later.some((rung) => isReal(rung) && isAsked(rung)),
    era: () => breaker.era,
  });
  return slotted(guarded(calls, breaker), { slots, clock, refuse: (context) => breaker.refuse(context) });
}

/** Rows that may be under way: one for each probe, and as many as the first open rung takes; cards only when none is open. */
function roomIn(rungs: readonly Rung[]): number {
  const real = rungs.filter((rung) => isReal(rung) && rung.isAffordable());
  const first = real.findIndex(({ breaker }) => breaker.state.kind === 'closed');
  const asked = first < 0 ? real : real.slice(0, first);
  const probes = asked.filter(({ breaker }) => breaker.state.kind === 'half-open' || breaker.admits()).length;
  const open = real[first] ?? rungs.find((rung) => !isReal(rung) && rung.breaker.admits());
  const places = probes + (open?.settings.concurrency ?? 0);
  // With nothing open rows still come in, to be told so.
  return places > 0 ? places : (rungs[0]?.settings.concurrency ?? 1);
}

function reserveFor(later: readonly Rung[], rowTimeoutMs: number): number {
  const real = later.filter(isReal).length;
  const card = later.length > real ? Math.min(cardReserveMs, rowTimeoutMs / 6) : 0;
  return Math.min(real * realReserveMs, rowTimeoutMs / 3) + card;
}

/** Would it be asked now? */
function isAsked({ breaker, isAffordable }: Rung): boolean {
  return breaker.admits() && isAffordable();
}

function isReal({ settings }: Rung): boolean {
  return settings.name !== cardName;
}

import type { Clock, Random } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { CardChain, ImageProvider } from '../core/provider.ts';
import type { Scrub } from '../core/secrets.ts';
import { attempted, type Finish } from './attempt.ts';
import { type Breaker, type BreakerState, createBreaker, guarded } from './breaker.ts';
import { withinDeadline } from './deadline.ts';
import { fallback } from './fallback.ts';
import { createMemory, type ProviderMemory } from './memory.ts';
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
  scrub: Scrub;
  finish: Finish;
  /** One row's time, of which a part is kept for the later rungs. */
  rowTimeoutMs: number;
  /** Without one, what is learned of a provider ends with the process. */
  memory?: ProviderMemory;
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
export interface Chain extends CardChain {
  state(): RungState[];
  /** Asks one provider again, or all, whatever is remembered of them. */
  forget(name?: string): Promise<void>;
}

interface Rung {
  settings: RungSettings;
  breaker: Breaker;
  slots: Slots;
}

const cardName = 'placeholder';
/** Kept of a row's time for each later provider, and for a card. */
const realReserveMs = 10_000;
const cardReserveMs = 5000;

/** Joins the policies: slots ▸ breaker ▸ retry ▸ attempt ▸ deadline for each rung, and the fallback over them. */
export function createChain(settings: readonly RungSettings[], dependencies: ChainDependencies): Chain {
  const { clock, random, log, memory = createMemory() } = dependencies;
  const changed = () => {
    for (const { slots } of rungs) slots.refresh();
    admission.refresh();
    realAdmission.refresh();
  };
  const rungs = settings.map((own): Rung => {
    const { name, label, account, model = label, concurrency } = own;
    const breaker = createBreaker({ name, label, account, model, memory, clock, random, log, changed });
    return { settings: own, breaker, slots: createSlots(() => concurrency) };
  });
  // Whoever waits here waits for a place that is held, so that time alone need not wake anyone.
  const admission = createSlots(() => roomIn(rungs));
  const realRungs = rungs.filter(isReal);
  const realAdmission = createSlots(() => roomIn(realRungs));
  const providers = rungs.map((rung, index) => createRung(rung, rungs.slice(index + 1), dependencies));

  return {
    ...fallback(providers, { name: 'chain', label: 'Images' }),
    enter: (signal) => admission.take(signal),
    real: {
      ...fallback(
        providers.filter((_, index) => rungs[index] && isReal(rungs[index])),
        { name: 'chain', label: 'Images' },
      ),
      enter: (signal) => realAdmission.take(signal),
      isOpen: () => realRungs.some(({ breaker }) => breaker.admits()),
    },
    state: () =>
      rungs.map(({ settings: { name, label }, breaker, slots }) => {
        return { name, label, breaker: breaker.state, admits: breaker.admits(), free: slots.free };
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
  { clock, random, scrub, finish, rowTimeoutMs }: ChainDependencies,
): ImageProvider {
  const { provider, timeoutMs, costUsd, label, model = label } = settings;
  const reserveMs = reserveFor(later, rowTimeoutMs);
  const timed = withinDeadline(provider, { timeoutMs, reserveMs, clock });
  const call = attempted(timed, { clock, finish, scrub, model, costUsd });
  const calls = retried(call, {
    clock,
    random,
    paid: costUsd > 0,
    reserveMs,
    noOtherRung: () => !later.some((rung) => isReal(rung) && rung.breaker.admits()),
    era: () => breaker.era,
  });
  return slotted(guarded(calls, breaker), { slots, clock, refuse: (context) => breaker.refuse(context) });
}

/** Rows that may be under way: one for each probe, and as many as the first open rung takes; cards only when none is open. */
function roomIn(rungs: readonly Rung[]): number {
  const real = rungs.filter(isReal);
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

function isReal({ settings }: Rung): boolean {
  return settings.name !== cardName;
}

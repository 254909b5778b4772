import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { ProviderError } from '../core/errors.ts';
import { isoTime } from '../lib/dates.ts';
import type { Log } from '../lib/log.ts';
import type { Attempt, ImageProvider, OpenCall } from '../core/provider.ts';
import { deriveContext } from './context.ts';
import {
  createSpendLedger,
  type SpendFile,
  type SpendLedger,
  type SpendLine,
  type SpendState,
  toNanos,
  toUsd,
} from '../state/spend-ledger.ts';

/** How one month's money stands, in US dollars. */
export interface BudgetState {
  /** UTC, as `2026-11`. */
  month: string;
  /** Undefined when there is no cap. */
  capUsd?: number;
  spentUsd: number;
  /** For calls of which nobody knows whether they were billed; it counts against the cap. */
  possibleUsd: number;
  /** Set aside for calls under way. */
  openUsd: number;
}

/** Writes down what a paid call came to; `usd` only where it differs from what was set aside. It never throws. */
export type Settle = (state: Exclude<SpendState, 'open'>, usd?: number) => Promise<void>;

/**
 * The month's money for paid calls, counted on disk. A call belongs to the UTC month that the clock shows as it begins, so that
 * a clock that is wrong by a month only has another month's cap used up.
 */
export interface Budget {
  /** Sets a call's price aside, on disk, before the call. @throws {ProviderError} `over_budget`; what the disk throws. */
  reserve(call: OpenCall): Promise<Settle>;
  /** Would a call of this price fit, as far as is known? */
  admits(usd: number): boolean;
  state(): Promise<BudgetState>;
}

export interface BudgetOptions {
  /** For a month, in US dollars; undefined is no cap, and 0 leaves paid providers out for good. */
  capUsd: number | undefined;
  file: SpendFile;
  clock: Clock;
  log: Log;
  /** Hears, once a month, that a call was refused. */
  onReached?: (state: BudgetState) => void;
}

/** Opens this month's ledger. What an earlier process left open may have been spent. @throws what the disk throws */
export async function openBudget({ capUsd, file, clock, log, onReached }: BudgetOptions): Promise<Budget> {
  const capNanos = capUsd === undefined ? Number.POSITIVE_INFINITY : toNanos(capUsd);
  /** The calls under way in this process. */
  const live = new Set<string>();
  const inTurn = createTurn();
  let ledger = createSpendLedger(monthOf(clock.now()), file, log);
  let toldMonth = '';

  const current = async (): Promise<SpendLedger> => {
    const month = monthOf(clock.now());
    if (ledger.month !== month) ledger = createSpendLedger(month, file, log);
    await ledger.catchUp();
    return ledger;
  };

  const fits = ({ nanos }: SpendLedger, usd: number) => {
    const taken = nanos.spent + nanos.possible + nanos.open;
    return taken < capNanos && taken + toNanos(usd) <= capNanos;
  };

  const stateOf = (own: SpendLedger): BudgetState => {
    const { month, nanos } = own;
    const open = [...live].reduce((sum, id) => sum + own.nanosOf(id), 0);
    return {
      month,
      ...(capUsd !== undefined && { capUsd }),
      spentUsd: toUsd(nanos.spent),
      possibleUsd: toUsd(nanos.possible + nanos.open - open),
      openUsd: toUsd(open),
    };
  };

  const tellReached = (state: BudgetState) => {
    // A cap of 0 is a decision, not an event.
    if (capUsd === 0 || toldMonth === state.month) return;
    toldMonth = state.month;
    log.warn(
      state,
      `The budget of $${capUsd} for ${state.month} is reached: until it ends, only free providers are asked`,
    );
    onReached?.(state);
  };

  const settler = (own: SpendLedger, line: SpendLine): Settle => {
    return (state, usd = line.usd) =>
      inTurn(async () => {
        const settled = { ...line, at: isoTime(clock.now()), state, usd: usd >= 0 && usd <= 1e6 ? usd : line.usd };
        live.delete(line.id);
        try {
          await own.write(settled);
        } catch (error) {
          log.warn({ err: error }, 'What a call cost could not be kept, and counts as possibly spent: check the disk');
        }
      });
  };

  await inTurn(current);
  return {
    admits: (usd) => ledger.month !== monthOf(clock.now()) || fits(ledger, usd),
    state: () => inTurn(async () => stateOf(await current())),
    reserve: ({ provider, label, model, costUsd }) =>
      inTurn(async () => {
        const own = await current();
        if (!fits(own, costUsd)) {
          tellReached(stateOf(own));
          throw new ProviderError('over_budget', `${label} was not asked: the budget of $${capUsd} is reached`, {
            until: monthAfter(own.month),
            sent: false,
          });
        }
        const line = {
          id: randomUUID(),
          at: isoTime(clock.now()),
          provider,
          model,
          state: 'open' as const,
          usd: costUsd,
        };
        await own.write(line);
        live.add(line.id);
        return settler(own, line);
      }),
  };
}

/** Lets a paid provider be asked only while its price fits into the budget, and counts each of its calls. */
export function budgeted(provider: ImageProvider, budget: Budget): ImageProvider {
  return {
    ...provider,
    async generate(request, context) {
      const call: { settle?: Settle; told?: Attempt; isAsked?: boolean } = {};
      const counted = deriveContext(context, {
        asking(asked) {
          call.isAsked = true;
          context.asking(asked);
        },
        record(attempt) {
          call.told = attempt;
          context.record(attempt);
        },
        async open(opened) {
          const settle = await budget.reserve(opened);
          try {
            const close = await context.open(opened);
            call.settle = settle;
            return close;
          } catch (error) {
            await settle('released');
            throw error;
          }
        },
      });
      try {
        const image = await provider.generate(request, counted);
        await call.settle?.('spent', image.costUsd);
        return image;
      } catch (error) {
        // An attempt that is not told was aborted, perhaps after it was sent.
        const { possiblySpent, costUsd } = call.told ?? { possiblySpent: call.isAsked };
        await call.settle?.(possiblySpent ? 'possible' : 'released', costUsd);
        throw error;
      }
    },
  };
}

/** Runs one piece of work after the other, whatever becomes of them. */
function createTurn() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

function monthOf(now: number): string {
  return isoTime(now).slice(0, 7);
}

function monthAfter(month: string): number {
  const first = new Date(`${month}-01T00:00:00Z`);
  return first.setUTCMonth(first.getUTCMonth() + 1);
}

import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { BudgetState } from '../core/budget.ts';
import { ProviderError } from '../core/errors.ts';
import type { Attempt, ImageProvider, OpenCall } from '../core/provider.ts';
import type { Clock } from '../lib/clock.ts';
import { isoTime, nextMonth } from '../lib/dates.ts';
import type { Log } from '../lib/log.ts';
import {
  createSpendLedger,
  type SpendFiles,
  type SpendLedger,
  type SpendLine,
  toNanos,
} from '../state/spend-ledger.ts';
import { deriveContext } from './context.ts';

/** Writes down what a paid call came to; `usd` only where it differs from what was set aside. It never throws. */
export type RecordCost = (state: Exclude<SpendLine['state'], 'open'>, usd?: number) => Promise<void>;

/**
 * The month's money for paid calls, counted on disk. A call belongs to the UTC month that the clock shows as it begins, so that
 * a clock that is wrong by a month only uses up another month's cap.
 */
export interface Budget {
  /** Sets a call's price aside, on disk, before the call. @throws {ProviderError} `over_budget`; what the disk throws. */
  reserve(call: OpenCall): Promise<RecordCost>;
  /** Would a call of this price fit, as far as is known? */
  admits(usd: number): boolean;
  state(): Promise<BudgetState>;
}

export interface BudgetOptions {
  /** For a month, in US dollars; undefined is no cap, and 0 leaves paid providers out for good. */
  capUsd: number | undefined;
  /** What one image costs at each configured provider; 0 where it is free. */
  pricesUsd?: readonly number[];
  files: SpendFiles;
  clock: Clock;
  log: Log;
}

/** Opens this month's ledger. What an earlier process left open may have been spent. @throws what the disk throws */
export async function openBudget({ capUsd, pricesUsd = [], files, clock, log }: BudgetOptions): Promise<Budget> {
  const capNanos = capUsd === undefined ? Number.POSITIVE_INFINITY : toNanos(capUsd);
  const paidPricesUsd = pricesUsd.filter((usd) => usd > 0);
  /** The calls under way in this process. */
  const underWay = new Set<string>();
  const oneAtATime = pLimit(1);
  let ledger = createSpendLedger(monthOf(clock.now()), files, log);
  let reportedMonth = '';

  const current = async (): Promise<SpendLedger> => {
    const month = monthOf(clock.now());
    if (ledger.month !== month) ledger = createSpendLedger(month, files, log);
    await ledger.catchUp();
    return ledger;
  };

  const fits = ({ nanos }: SpendLedger, usd: number) => {
    const taken = nanos.spent + nanos.possible + nanos.open;
    return taken < capNanos && taken + toNanos(usd) <= capNanos;
  };

  const stateOf = (own: SpendLedger): BudgetState => {
    const { month, nanos } = own;
    const open = [...underWay].reduce((sum, id) => sum + own.nanosOf(id), 0);
    return {
      month,
      ...(capUsd !== undefined && { capUsd }),
      spentUsd: nanos.spent / 1e9,
      possibleUsd: (nanos.possible + nanos.open - open) / 1e9,
      openUsd: open / 1e9,
      isReached: paidPricesUsd.length > 0 && !paidPricesUsd.some((usd) => fits(own, usd)),
    };
  };

  const reportReached = (own: SpendLedger) => {
    // A cap of 0 is a decision, not an event.
    if (capUsd === 0 || reportedMonth === own.month) return;
    reportedMonth = own.month;
    log.warn(
      stateOf(own),
      `The budget of $${capUsd} for ${own.month} is reached: until it ends, only free providers are asked`,
    );
  };

  const costRecorder = (own: SpendLedger, line: SpendLine): RecordCost => {
    return (state, usd = line.usd) =>
      oneAtATime(async () => {
        underWay.delete(line.id);
        try {
          await own.write({ ...line, at: isoTime(clock.now()), state, usd: usd >= 0 && usd <= 1e6 ? usd : line.usd });
        } catch (error) {
          log.warn({ err: error }, 'What a call cost could not be kept, and counts as possibly spent: check the disk');
        }
      });
  };

  await oneAtATime(current);
  return {
    admits: (usd) => ledger.month !== monthOf(clock.now()) || fits(ledger, usd),
    state: () => oneAtATime(async () => stateOf(await current())),
    reserve: ({ provider, label, model, costUsd }) =>
      oneAtATime(async () => {
        const own = await current();
        if (!fits(own, costUsd)) {
          reportReached(own);
          throw new ProviderError('over_budget', `${label} was not asked: the budget of $${capUsd} is reached`, {
            until: nextMonth(Date.parse(own.month)),
            sent: false,
          });
        }
        const at = isoTime(clock.now());
        const line: SpendLine = { id: randomUUID(), at, provider, model, state: 'open', usd: costUsd };
        await own.write(line);
        underWay.add(line.id);
        return costRecorder(own, line);
      }),
  };
}

/** Lets a paid provider be asked only while its price fits into the budget, and counts each of its calls. */
export function withBudget(provider: ImageProvider, budget: Budget): ImageProvider {
  return {
    ...provider,
    async generate(request, context) {
      const call: { recordCost?: RecordCost; attempt?: Attempt; isAsked?: boolean } = {};
      const counted = deriveContext(context, {
        asking(asked) {
          call.isAsked = true;
          context.asking(asked);
        },
        record(attempt) {
          call.attempt = attempt;
          context.record(attempt);
        },
        async open(opened) {
          const recordCost = await budget.reserve(opened);
          try {
            const close = await context.open(opened);
            call.recordCost = recordCost;
            return close;
          } catch (error) {
            await recordCost('released');
            throw error;
          }
        },
      });
      try {
        const image = await provider.generate(request, counted);
        await call.recordCost?.('spent', image.costUsd);
        return image;
      } catch (error) {
        // A call without an attempt was aborted, perhaps after it was sent.
        const { possiblySpent, costUsd } = call.attempt ?? { possiblySpent: call.isAsked };
        await call.recordCost?.(possiblySpent ? 'possible' : 'released', costUsd);
        throw error;
      }
    },
  };
}

function monthOf(now: number): string {
  return isoTime(now).slice(0, 7);
}

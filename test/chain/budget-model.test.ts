import { failureOf } from '../../src/core/errors.ts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import type { GeneratedImage } from '../../src/core/image.ts';
import type { ImageProvider } from '../../src/core/provider.ts';
import { withAttemptLog } from '../../src/chain/attempt.ts';
import { type Budget, type BudgetOptions, withBudget, openBudget } from '../../src/chain/budget.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createPicture } from '../support/fake-provider.ts';
import { createSpendFilesInMemory, withLine } from '../support/chain/budget-rig.ts';
import { createContext, failure, request, flushPromises } from '../support/chain/rig.ts';

type Ending = 'ok' | 'unbilled' | 'ambiguous' | 'aborted';
type Operation =
  | { kind: 'rows'; prices: number[] }
  | { kind: 'end'; index: number; ending: Ending }
  | { kind: 'crash' }
  /** The process ends while it writes its next line, of which so many characters get to the disk. */
  | { kind: 'torn write'; characters: number }
  | { kind: 'turn clock'; days: number };

const operations = fc.array(
  fc.oneof<fc.Arbitrary<Operation>[]>(
    fc.record({
      kind: fc.constant('rows' as const),
      prices: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('end' as const),
      index: fc.nat(),
      ending: fc.constantFrom<Ending[]>('ok', 'unbilled', 'ambiguous', 'aborted'),
    }),
    fc.record({ kind: fc.constant('crash' as const) }),
    fc.record({ kind: fc.constant('torn write' as const), characters: fc.nat({ max: 250 }) }),
    fc.record({ kind: fc.constant('turn clock' as const), days: fc.constantFrom(1, -1, 20, -20, 31, -31) }),
  ),
  { size: 'max', maxLength: 30 },
);

const capUsd = 5;
const dayMs = 24 * 3_600_000;
const dearestUsd = 3;
const untouched = (bytes: Uint8Array) => Promise.resolve(bytes);

/** How the parts are made, so that broken ones may stand in. */
interface Parts {
  open: (options: BudgetOptions) => Promise<Budget>;
  wrap: (provider: ImageProvider, budget: Budget) => ImageProvider;
  addLine: (text: string, line: string) => string;
}
const parts: Parts = { open: openBudget, wrap: withBudget, addLine: withLine };

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}

/** Whatever comes in whatever order, what may have been billed in a month stays under the cap, and what fits is asked. */
async function checkBudget({ open, wrap, addLine }: Parts): Promise<void> {
  const property = fc.asyncProperty(operations, async (all) => {
    const clock = createFakeClock();
    const monthNow = () => new Date(clock.now()).toISOString().slice(0, 7);
    const disk = createSpendFilesInMemory();
    const billed = new Map<string, number>();
    const bill = (month: string, usd: number) => void billed.set(month, (billed.get(month) ?? 0) + usd);
    let calls: ((ending: Ending) => void)[] = [];
    let tornWrites = 0;

    const start = async () => {
      const run = { dead: false, charactersLeft: Number.POSITIVE_INFINITY };
      const files = {
        ...disk,
        async append(month: string, line: string) {
          if (run.dead) return new Promise<never>(() => undefined);
          const text = disk.texts.get(month) ?? '';
          const longer = addLine(text, line);
          disk.texts.set(month, longer.slice(0, text.length + run.charactersLeft));
          if (run.charactersLeft === Number.POSITIVE_INFINITY) return undefined;
          run.dead = true;
          return new Promise<never>(() => undefined);
        },
      };
      return { run, budget: await open({ capUsd, files, clock, log: silentLog }) };
    };
    let process = await start();

    const row = async (priceUsd: number, refusals: number[]) => {
      const { run, budget } = process;
      const controller = new AbortController();
      const provider: ImageProvider = {
        name: 'replicate',
        label: 'Replicate',
        generate: (asked) =>
          new Promise<GeneratedImage>((resolve, reject) => {
            demand(!run.dead, 'no call is made by a process that ended');
            const month = monthNow();
            bill(month, priceUsd);
            calls.push((ending) => {
              if (ending === 'unbilled') bill(month, -priceUsd);
              if (ending === 'aborted') controller.abort('stopping');
              if (ending === 'ok') resolve(createPicture('replicate', asked));
              else reject(failure(ending === 'unbilled' ? 'rate_limited' : 'timeout', { sent: ending !== 'unbilled' }));
            });
          }),
      };
      const options = { clock, finish: untouched, redact: (text: string) => text, model: 'flux', costUsd: priceUsd };
      const call = wrap(withAttemptLog(provider, options), budget);
      try {
        await call.generate(request, createContext({ signal: controller.signal }));
      } catch (error) {
        if (failureOf(error)?.code === 'over_budget') refusals.push(priceUsd);
      }
    };

    for (const operation of all) {
      const refusals: number[] = [];
      if (operation.kind === 'rows') {
        for (const priceUsd of operation.prices) void row(priceUsd, refusals);
      } else if (operation.kind === 'end') {
        const [end] = calls.splice(calls.length === 0 ? 0 : operation.index % calls.length, 1);
        end?.(operation.ending);
      } else if (operation.kind === 'torn write') {
        process.run.charactersLeft = operation.characters;
        tornWrites += 1;
      } else if (operation.kind === 'turn clock') {
        clock.advance(operation.days * dayMs);
      }
      await flushPromises();
      if (operation.kind === 'crash' || process.run.dead) {
        process.run.dead = true;
        calls = [];
        process = await start();
      }

      for (const [month, usd] of billed) demand(usd <= capUsd, `${month} stays under its cap`);
      const month = monthNow();
      const billedNow = billed.get(month) ?? 0;
      // A process that ends as it writes may have set a price aside in vain, or not recorded that a call cost nothing.
      const inVain = tornWrites * dearestUsd;
      for (const usd of refusals) demand(billedNow + inVain + usd > capUsd, 'only what does not fit is refused');
      const state = await process.budget.state();
      const known = state.spentUsd + state.possibleUsd + state.openUsd;
      demand(known >= billedNow && known <= billedNow + inVain, 'the state says what may have been billed');
    }
  });
  await fc.assert(property, { numRuns: 200 });
}

/** A budget that records another end of each call. */
function recording(budget: Budget, change: (state: 'spent' | 'possible' | 'released') => typeof state): Budget {
  return {
    ...budget,
    async reserve(call) {
      const recordCost = await budget.reserve(call);
      return (state, usd) => recordCost(change(state), usd);
    },
  };
}

describe('the budget', () => {
  it('is never exceeded, whatever the interleaving, crash and clock', async () => {
    await expect(checkBudget(parts)).resolves.toBeUndefined();
  });

  it.each<[string, Partial<Parts>]>([
    [
      'reserves after the call',
      {
        wrap: (provider, budget) => ({
          ...provider,
          async generate(asked, context) {
            const image = await provider.generate(asked, context);
            const usd = image.costUsd ?? 0;
            const call = { provider: provider.name, label: provider.label, model: '', startedAt: '', costUsd: usd };
            await (
              await budget.reserve(call)
            )('spent');
            return image;
          },
        }),
      },
    ],
    [
      'forgets possible spend',
      {
        open: async (options) =>
          recording(await openBudget(options), (state) => (state === 'possible' ? 'released' : state)),
      },
    ],
    [
      'forgets what a crash left open',
      {
        open: (options) => {
          const dropOpen = async (month: string, fromByte: number) => {
            const text = Buffer.from(await options.files.read(month, fromByte)).toString();
            return Buffer.from(text.replaceAll('"state":"open"', '"state":"released"'));
          };
          return openBudget({ ...options, files: { ...options.files, read: dropOpen } });
        },
      },
    ],
    [
      'lets rows look at the money at once',
      {
        open: async (options) => ({
          ...(await openBudget(options)),
          reserve: async (call) => (await openBudget(options)).reserve(call),
        }),
      },
    ],
    [
      'keeps nothing on disk',
      { open: (options) => openBudget({ ...options, files: { ...options.files, append: () => Promise.resolve() } }) },
    ],
    ['glues a line to a torn one', { addLine: (text, line) => `${text}${line}\n` }],
    [
      'never gives back what cost nothing',
      {
        open: async (options) =>
          recording(await openBudget(options), (state) => (state === 'released' ? 'possible' : state)),
      },
    ],
  ])('is caught when it %s', async (_, broken) => {
    await expect(checkBudget({ ...parts, ...broken })).rejects.toThrow('Property failed');
  });
});

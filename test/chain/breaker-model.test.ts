import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/core/errors.ts';
import { reactions } from '../../src/core/reactions.ts';
import { silentLog } from '../../src/lib/log.ts';
import { keysOf } from '../../src/lib/records.ts';
import { type Breaker, type BreakerOptions, createBreaker } from '../../src/chain/breaker.ts';
import { createMemory } from '../../src/state/provider-memory.ts';
import { isDue } from '../../src/chain/lockout.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createContext, failure } from '../support/chain/rig.ts';

const owner = { name: 'huggingface', account: 'abcd1234', model: 'flux' };
const dayMs = 24 * 3_600_000;

type Operation =
  | { kind: 'begin' }
  | { kind: 'end'; index: number; result: 'ok' | 'abort' | ProviderError['code'] }
  | { kind: 'wait'; ms: number };

const operations = fc.array(
  fc.oneof<fc.Arbitrary<Operation>[]>(
    fc.record({ kind: fc.constant('begin' as const) }),
    fc.record({
      kind: fc.constant('end' as const),
      index: fc.nat(),
      result: fc.constantFrom<('ok' | 'abort' | ProviderError['code'])[]>('ok', 'abort', ...keysOf(reactions)),
    }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1000, 30_000, 600_000, dayMs) }),
  ),
  { size: 'max', maxLength: 80 },
);

type Create = (options: BreakerOptions) => Breaker;

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}

/** Whatever order calls begin and end in: one probe at a time, none before its time, everyone while it is closed. */
async function checkBreaker(create: Create): Promise<void> {
  const property = fc.asyncProperty(operations, async (all) => {
    const clock = createFakeClock();
    const memory = createMemory();
    const parts = {
      label: 'Hugging Face',
      memory,
      clock,
      random: () => 0.5,
      log: silentLog,
      onChange: () => undefined,
    };
    const breaker = create({ ...owner, ...parts });
    const calls: { end: ReturnType<Breaker['begin']>; isProbe: boolean }[] = [];
    for (const operation of all) {
      const before = breaker.state;
      if (operation.kind === 'begin') {
        const isDueNow = before.kind === 'open' && isDue(before.lockout, clock.now());
        const isExpected = !calls.some(({ isProbe }) => isProbe) && (before.kind === 'closed' || isDueNow);
        const context = createContext();
        const count = calls.length;
        try {
          calls.push({ end: breaker.begin(context), isProbe: before.kind !== 'closed' });
        } catch {
          demand(context.attempts.length === 1, 'a refusal is recorded');
        }
        demand(calls.length > count === isExpected, isExpected ? 'it begins' : 'it is refused');
      } else if (operation.kind === 'wait') {
        clock.advance(operation.ms);
      } else {
        const [call] = calls.splice(calls.length === 0 ? 0 : operation.index % calls.length, 1);
        const { result } = operation;
        const ending = result === 'ok' ? result : result === 'abort' ? undefined : failure(result);
        await call?.end(ending);
        const isShut =
          ending instanceof ProviderError && ['account', 'route'].includes(reactions[ending.code].remember);
        const isHeard = call !== undefined && isShut && (call.isProbe || before.kind === 'closed');
        demand(!isHeard || breaker.state.kind === 'open', 'it opens');
        demand(!call?.isProbe || result !== 'ok' || breaker.state.kind === 'closed', 'it closes');
      }
      const isProbing = calls.some(({ isProbe }) => isProbe);
      demand((breaker.state.kind === 'half-open') === isProbing, 'it is half-open while it probes');
    }
  });
  await fc.assert(property, { numRuns: 300 });
}

/** The breaker with another way to begin. */
function change(breaker: Breaker, begin: Breaker['begin']): Breaker {
  return {
    ...breaker,
    get state() {
      return breaker.state;
    },
    begin,
  };
}

async function learnNothing(): Promise<void> {}

describe('createBreaker', () => {
  it('never lets two probes through at once, nor one before its time, whatever the interleaving', async () => {
    await expect(checkBreaker(createBreaker)).resolves.toBeUndefined();
  });

  it.each<[string, Create]>([
    [
      'probes twice at once',
      (options) => {
        const breaker = createBreaker(options);
        return change(breaker, (context) =>
          breaker.state.kind === 'half-open' ? learnNothing : breaker.begin(context),
        );
      },
    ],
    [
      'probes before its time',
      (options) => {
        const hasty = { ...options.clock, now: () => options.clock.now() + 2 * dayMs };
        return createBreaker({ ...options, clock: hasty });
      },
    ],
    [
      'holds a probe that was aborted for ever',
      (options) => {
        const breaker = createBreaker(options);
        return change(breaker, (context) => {
          const end = breaker.begin(context);
          return async (result) => (result === undefined ? undefined : end(result));
        });
      },
    ],
    [
      'stays open after a probe that worked',
      (options) => {
        const breaker = createBreaker(options);
        return change(breaker, (context) => {
          const end = breaker.begin(context);
          const isProbe = breaker.state.kind === 'half-open';
          return async (result) => end(isProbe && result === 'ok' ? undefined : result);
        });
      },
    ],
  ])('is caught when it %s', async (_, create) => {
    await expect(checkBreaker(create)).rejects.toThrow('Property failed');
  });
});

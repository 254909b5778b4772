import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf, ChainExhaustedError, ProviderError } from '../../src/core/errors.ts';
import { type FailureCode, reactions } from '../../src/core/reactions.ts';
import { keysOf } from '../../src/lib/records.ts';
import type { Attempt, ImageProvider } from '../../src/core/provider.ts';
import { fallback } from '../../src/chain/fallback.ts';
import { createFakeProvider, createPicture } from '../support/fake-provider.ts';
import { createContext, createLines, failure, reasonOf, request } from '../support/chain/rig.ts';

const chainName = { name: 'chain', label: 'Images' };

type Outcome = 'ok' | FailureCode;
type Abort = 'before' | 'during' | undefined;

const outcome = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Outcome>('ok') },
  { weight: 6, arbitrary: fc.constantFrom<Outcome>(...keysOf(reactions)) },
);
const scripts = fc.array(outcome, { size: 'max', maxLength: 12 });
const aborts = fc.option(fc.record({ at: fc.nat({ max: 11 }), when: fc.constantFrom<Abort>('before', 'during') }), {
  nil: undefined,
});

/** The first image before a stopping failure, in order, with the attempts in order, and no call after an abort. */
async function checkFallback(create: typeof fallback): Promise<void> {
  const property = fc.asyncProperty(scripts, aborts, async (outcomes, abort) => {
    const controller = new AbortController();
    if (abort?.when === 'before') controller.abort('stopped');
    const called: number[] = [];
    const providers = outcomes.map((own, index): ImageProvider => {
      const name = `provider-${index}`;
      return {
        name,
        label: name,
        async generate(asked, context) {
          called.push(index);
          const isEnd = abort?.when === 'during' && abort.at === index && own !== 'ok';
          if (isEnd) controller.abort('stopped');
          const attempt = { provider: name, label: name, model: '', startedAt: '', durationMs: 0 };
          context.record({ ...attempt, outcome: own });
          if (own !== 'ok') throw failure(own);
          return createPicture(name, asked);
        },
      };
    });
    const context = createContext({ signal: controller.signal });
    const end = await create(providers, chainName)
      .generate(request, context)
      .catch((error: unknown) => error);

    const stopsAt = outcomes.findIndex((own, index) => {
      const isAborted = abort?.when === 'during' && abort.at === index;
      return own === 'ok' || !reactions[own].next || isAborted;
    });
    const asked = abort?.when === 'before' ? [] : outcomes.slice(0, stopsAt < 0 ? outcomes.length : stopsAt + 1);
    expect(called).toEqual([...asked.keys()]);
    expect(context.attempts.map((attempt) => attempt.outcome)).toEqual(asked);
    const telling = asked.findLast((own) => own !== 'ok' && own !== 'circuit_open') ?? 'circuit_open';
    const exhausted = { code: telling, attempts: context.attempts };
    const made = asked.at(-1) === 'ok' ? { provider: `provider-${asked.length - 1}` } : exhausted;
    expect(endOf(end)).toEqual(controller.signal.aborted ? 'stopped' : made);
  });
  await fc.assert(property, { numRuns: 300 });
}

/** What of a call's end matters. */
function endOf(end: unknown): unknown {
  if (end instanceof ChainExhaustedError) return { code: end.last.code, attempts: end.attempts };
  return typeof end === 'object' && end !== null && 'provider' in end ? { provider: end.provider } : end;
}

/** A chain as `fallback` should be, except for the given mistake. */
function careless(goesOn: (code: FailureCode) => boolean, asksSignal = true): typeof fallback {
  return (providers, name) => ({
    ...name,
    async generate(asked, context) {
      const attempts: Attempt[] = [];
      const record = (attempt: Attempt) => {
        attempts.push(attempt);
        context.record(attempt);
      };
      let last = failure('circuit_open');
      if (asksSignal) context.signal.throwIfAborted();
      for (const provider of providers) {
        try {
          return await provider.generate(asked, { ...context, record });
        } catch (error) {
          if (asksSignal) context.signal.throwIfAborted();
          const failed = failureOf(error);
          if (!failed) throw error;
          if (failed.code !== 'circuit_open' || last.code === 'circuit_open') last = failed;
          if (!goesOn(failed.code)) break;
        }
      }
      context.signal.throwIfAborted();
      throw new ChainExhaustedError(attempts, last);
    },
  });
}

describe('fallback', () => {
  it('answers with the first image before a stopping failure, in order, and calls nobody after an abort', async () => {
    await expect(checkFallback(fallback)).resolves.toBeUndefined();
  });

  it('is measured against a chain without a mistake', async () => {
    await expect(checkFallback(careless((code) => reactions[code].next))).resolves.toBeUndefined();
  });

  const mutants: [string, typeof fallback][] = [
    ['turns the order round', (providers, name) => fallback([...providers].toReversed(), name)],
    [
      'leaves out the second',
      (providers, name) =>
        fallback(
          providers.filter((_, index) => index !== 1),
          name,
        ),
    ],
    [
      'asks each twice',
      (providers, name) =>
        fallback(
          providers.flatMap((provider) => [provider, provider]),
          name,
        ),
    ],
    ['goes on after content_rejected', careless(() => true)],
    ['stops at a failure that another could heal', careless((code) => code !== 'timeout' && reactions[code].next)],
    ['calls after an abort', careless((code) => reactions[code].next, false)],
    [
      'forgets its attempts',
      (providers, name) => {
        const chain = fallback(providers, name);
        return {
          ...chain,
          generate: (asked, context) => chain.generate(asked, { ...context, record: () => undefined }),
        };
      },
    ],
  ];
  it.each(mutants)('is caught when it %s', async (_, mutant) => {
    await expect(checkFallback(mutant)).rejects.toThrow('Property failed');
  });

  it('stands as a provider of another chain', async () => {
    const [first, second, third] = [createFakeProvider('a'), createFakeProvider('b'), createFakeProvider('c')];
    first.script(failure('timeout'), failure('content_rejected'));
    second.script(failure('unavailable'));
    third.script('picture');
    const chain = fallback([fallback([first, second], chainName), third], chainName);
    expect(await chain.generate(request, createContext())).toMatchObject({ provider: 'c' });
    const end = await reasonOf(chain.generate(request, createContext()));
    expect(end).toMatchObject({ name: 'ChainExhaustedError', last: { code: 'content_rejected' } });
    expect(third.calls).toHaveLength(1);
  });

  it('says so when there is nobody to ask', async () => {
    const end = await reasonOf(fallback([], chainName).generate(request, createContext()));
    expect(end).toMatchObject({ name: 'ChainExhaustedError', message: 'No image provider is configured' });
  });

  it('names the last one left out when none was asked', async () => {
    const [first, second] = [createFakeProvider('a'), createFakeProvider('b')];
    first.script(new ProviderError('circuit_open', 'a: out of credit'));
    second.script(new ProviderError('circuit_open', 'b: not reachable'));
    const end = await reasonOf(fallback([first, second], chainName).generate(request, createContext()));
    expect(end).toMatchObject({ message: 'b: not reachable', last: { code: 'circuit_open' } });
  });

  it('lets a fault of our own through', async () => {
    const provider = createFakeProvider();
    const fault = new RangeError('ours');
    provider.script(fault);
    expect(await reasonOf(fallback([provider], chainName).generate(request, createContext()))).toBe(fault);
  });

  it('logs who is next', async () => {
    const first = createFakeProvider('huggingface', 'Hugging Face');
    const second = createFakeProvider('stable-diffusion', 'Stable Diffusion');
    const third = createFakeProvider('localai', 'LocalAI');
    first.script(failure('out_of_credit', { status: 402 }));
    second.script(new ProviderError('circuit_open', 'Stable Diffusion: not reachable until noon'));
    third.script(failure('content_rejected'));
    const log = createLines();
    await reasonOf(fallback([first, second, third], chainName).generate(request, createContext({ log })));
    expect(log.lines).toEqual([
      'info Hugging Face: out of credit (402); next: Stable Diffusion',
      'debug Stable Diffusion: not reachable until noon; next: LocalAI',
      'info LocalAI: prompt refused; no provider is asked after it',
    ]);
  });
});

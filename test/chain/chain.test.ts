import { once } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysOf } from '../../src/lib/records.ts';
import { type FailureCode, reactions } from '../../src/core/reactions.ts';
import { type Chain, createChain } from '../../src/chain/chain.ts';
import { createMemory } from '../../src/state/provider-memory.ts';
import { why } from '../../src/messages/row.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { createPicture, type FakeProvider } from '../support/fake-provider.ts';
import { createWhole, dayMs, firstOfDecember, outOfCredit, rowMs, chainProvider } from '../support/chain/chain-rig.ts';
import { createContext, failure, reasonOf, request, flushPromises, type TestContext } from '../support/chain/rig.ts';

interface Row {
  context: TestContext;
  end: unknown;
}

/** Rows as a pass makes them: each enters first, and gives its place back when it is served. */
async function serve(chain: Chain, clock: FakeClock, count: number): Promise<Row[]> {
  const rows: Promise<Row>[] = [];
  for (let index = 0; index < count; index += 1) {
    const slot = await chain.takeSlot(new AbortController().signal);
    const context = createContext({ clock, rowMs });
    const ended = chain.generate(request, context).then(
      (image) => image.provider,
      (error: unknown) => error,
    );
    rows.push(
      ended.then((end) => {
        slot();
        return { context, end };
      }),
    );
  }
  return Promise.all(rows);
}

/** Pictures that take a while, one after the other or not. */
function slowly(provider: FakeProvider, clock: FakeClock, ms: number): { most: number } {
  const seen = { most: 0 };
  let open = 0;
  provider.always(async (asked) => {
    open += 1;
    seen.most = Math.max(seen.most, open);
    await flushPromises();
    clock.advance(ms);
    open -= 1;
    return createPicture(provider.name, asked);
  });
  return seen;
}

async function failSlowly(code: FailureCode): Promise<never> {
  await flushPromises();
  throw code === 'out_of_credit' ? outOfCredit : failure(code);
}

describe('createChain', () => {
  it('asks a provider without credit no more often than rows were under way, and the next one for every row', async () => {
    const { chain, clock, huggingFace, stableDiffusion, placeholder } = createWhole();
    huggingFace.always(() => failSlowly('out_of_credit'));
    const seen = slowly(stableDiffusion, clock, 3000);
    const rows = await serve(chain, clock, 40);
    expect(huggingFace.calls.length).toBeLessThanOrEqual(8);
    expect(rows.map(({ end }) => end)).toEqual(Array.from({ length: 40 }, () => 'stable-diffusion'));
    expect(seen.most).toBe(1);
    expect(placeholder.calls).toHaveLength(0);
    for (const index of [0, 39]) {
      expect(why(rows[index]?.context.attempts ?? [], clock.now())).toBe(
        'Hugging Face out of credit until 1 Dec → Stable Diffusion, 3.0 s, free',
      );
    }
  });

  it('does not ask a provider without credit in the next run either, and once after its date', async () => {
    const memory = createMemory();
    const first = createWhole({ memory });
    first.huggingFace.always(outOfCredit);
    first.stableDiffusion.always('picture');
    await serve(first.chain, first.clock, 1);
    const { chain, clock, huggingFace, stableDiffusion } = createWhole({ memory, clock: first.clock });
    stableDiffusion.always('picture');
    await serve(chain, clock, 20);
    expect(huggingFace.calls).toHaveLength(0);
    clock.advance(firstOfDecember - clock.now());
    const seen = slowly(huggingFace, clock, 1000);
    const rows = await serve(chain, clock, 3);
    expect(seen.most).toBe(1);
    expect(rows[0]?.end).toBe('huggingface');
    expect(chain.state()[0]?.breaker.kind).toBe('closed');
  });

  it('draws no placeholder while a real provider is only busy', async () => {
    const { chain, clock, huggingFace, placeholder } = createWhole();
    const seen = slowly(huggingFace, clock, 2000);
    const contexts = Array.from({ length: 30 }, () => createContext({ clock, rowMs }));
    await Promise.all(contexts.map((context) => chain.generate(request, context)));
    expect(seen.most).toBe(8);
    expect(placeholder.calls).toHaveLength(0);
    expect(Math.max(...contexts.map(({ waitedMs }) => waitedMs))).toBeGreaterThan(0);
  });

  it('sends rows that wait for a provider on at once when it shuts', async () => {
    const { chain, clock, huggingFace, stableDiffusion, placeholder } = createWhole();
    huggingFace.always(() => failSlowly('out_of_credit'));
    stableDiffusion.always(() => failSlowly('unauthorized'));
    placeholder.always('picture');
    const rows = await serve(chain, clock, 8);
    expect(rows.map(({ end }) => end)).toEqual(Array.from({ length: 8 }, () => 'placeholder'));
    expect(stableDiffusion.calls).toHaveLength(1);
  });

  it('lets no row wait for the end of a probe', async () => {
    const { chain, clock, huggingFace, stableDiffusion, placeholder } = createWhole();
    huggingFace.always(outOfCredit);
    placeholder.always('picture');
    stableDiffusion.script(failure('unauthorized'));
    await serve(chain, clock, 1);
    clock.advance(3_600_000);
    const hanging = new AbortController();
    stableDiffusion.script(async (asked) => {
      await once(hanging.signal, 'abort');
      return createPicture('stable-diffusion', asked);
    });
    const rows = Array.from({ length: 3 }, () => chain.generate(request, createContext({ clock, rowMs })));
    const [probe, ...others] = rows;
    const sentOn = await Promise.all(others);
    expect(sentOn.map(({ provider }) => provider)).toEqual(['placeholder', 'placeholder']);
    hanging.abort();
    expect(await probe).toMatchObject({ provider: 'stable-diffusion' });
  });

  it('fails every row with a sentence when nobody is left, without asking again', async () => {
    const { clock, dependencies, huggingFace, stableDiffusion } = createWhole();
    const chain = createChain([chainProvider(huggingFace, 2), chainProvider(stableDiffusion, 1)], dependencies);
    huggingFace.always(outOfCredit);
    stableDiffusion.always(failure('unauthorized'));
    const rows = await serve(chain, clock, 10);
    expect(rows.every(({ end }) => end instanceof Error && end.name === 'ChainExhaustedError')).toBe(true);
    expect(huggingFace.calls.length).toBeLessThanOrEqual(2);
    expect(stableDiffusion.calls).toHaveLength(1);
    expect(rows.at(-1)?.context.attempts).toMatchObject([{ outcome: 'out_of_credit' }, { outcome: 'unauthorized' }]);
  });

  it('turns to the next provider at once when one asks for a long pause', async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole();
    huggingFace.script(failure('rate_limited', { status: 429, retryAfterMs: 60_000 }));
    stableDiffusion.script('picture');
    const [row] = await serve(chain, clock, 1);
    expect(row?.end).toBe('stable-diffusion');
    expect(clock.sleeps).toEqual([]);
  });

  it('keeps to a long pause rather than draw a placeholder', async () => {
    const { chain, clock, huggingFace, stableDiffusion, placeholder } = createWhole();
    stableDiffusion.script(failure('unauthorized'));
    huggingFace.script(failure('invalid_request'), failure('rate_limited', { retryAfterMs: 60_000 }), 'picture');
    placeholder.always('picture');
    const rows = [...(await serve(chain, clock, 1)), ...(await serve(chain, clock, 1))];
    expect(rows.map(({ end }) => end)).toEqual(['placeholder', 'huggingface']);
    expect(clock.sleeps).toEqual([60_000]);
  });

  it('does not wait again for a model that never loads', async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole();
    huggingFace.always(failure('loading', { status: 503, retryAfterMs: 20_000 }));
    stableDiffusion.always('picture');
    await serve(chain, clock, 1);
    await serve(chain, clock, 5);
    expect(clock.sleeps).toEqual([20_000]);
    clock.advance(5 * 60_000);
    await serve(chain, clock, 1);
    expect(clock.sleeps).toEqual([20_000, 20_000]);
  });

  it('stops at a refused prompt', async () => {
    const { chain, clock, huggingFace, stableDiffusion, placeholder } = createWhole();
    huggingFace.script(failure('content_rejected'));
    const [row] = await serve(chain, clock, 1);
    expect(row?.end).toMatchObject({ name: 'ChainExhaustedError', last: { code: 'content_rejected' } });
    expect([...stableDiffusion.calls, ...placeholder.calls]).toEqual([]);
  });

  it("keeps a part of the row's time for the later providers", async () => {
    const { chain, clock, huggingFace, stableDiffusion, placeholder } = createWhole();
    placeholder.script('picture');
    const context = createContext({ clock, rowMs: 5000 });
    expect(await chain.generate(request, context)).toMatchObject({ provider: 'placeholder' });
    expect([...huggingFace.calls, ...stableDiffusion.calls]).toEqual([]);
    stableDiffusion.script('picture');
    expect(await chain.generate(request, createContext({ clock, rowMs: 15_000 }))).toMatchObject({
      provider: 'stable-diffusion',
    });
    huggingFace.script('picture');
    expect(await chain.generate(request, createContext({ clock, rowMs: 15_001 }))).toMatchObject({
      provider: 'huggingface',
    });
  });

  it("keeps no more than half of a short row's time", async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole({ rowTimeoutMs: 15_000 });
    stableDiffusion.script('picture');
    huggingFace.script('picture');
    const providers: string[] = [];
    for (const leftMs of [7500, 7501]) {
      const { provider } = await chain.generate(request, createContext({ clock, rowMs: leftMs }));
      providers.push(provider);
    }
    expect(providers).toEqual(['stable-diffusion', 'huggingface']);
  });

  it('passes an abort on and asks nobody else', async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole();
    const controller = new AbortController();
    huggingFace.script(async () => {
      controller.abort('stopping');
      throw failure('unavailable');
    });
    const context = createContext({ clock, signal: controller.signal });
    expect(await reasonOf(chain.generate(request, context))).toBe('stopping');
    expect(stableDiffusion.calls).toHaveLength(0);
    expect(chain.state().map(({ breaker, free }) => [breaker.kind, free])).toEqual([
      ['closed', 8],
      ['closed', 1],
      ['closed', 2],
    ]);
  });

  it('asks a provider again after forget', async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole();
    huggingFace.script(outOfCredit);
    stableDiffusion.always('picture');
    await serve(chain, clock, 2);
    expect(chain.state()[0]).toMatchObject({ name: 'huggingface', admits: false, breaker: { kind: 'open' } });
    await chain.forget('stable-diffusion');
    expect(chain.state()[0]?.admits).toBe(false);
    await chain.forget();
    huggingFace.script('picture');
    const [row] = await serve(chain, clock, 1);
    expect(row?.end).toBe('huggingface');
  });

  it('is a chain without providers that says so', async () => {
    const chain = createChain([], createWhole().dependencies);
    (await chain.takeSlot(new AbortController().signal))();
    expect(await reasonOf(chain.generate(request, createContext()))).toMatchObject({
      message: 'No image provider is configured',
    });
  });

  it('never probes twice at once, nor asks a shut provider, however many rows come', async () => {
    const code = fc.constantFrom<(FailureCode | 'ok')[]>('ok', ...keysOf(reactions));
    const property = fc.asyncProperty(
      fc.scheduler(),
      fc.array(code, { size: 'max', minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 12 }),
      async (scheduler, outcomes, count) => {
        const clock = createFakeClock();
        const memory = createMemory();
        const since = clock.now() - dayMs;
        const owner = { name: 'huggingface', account: 'abcd1234', model: 'Hugging Face' };
        await memory.remember(owner, { code: 'unauthorized', until: clock.now(), since, strikes: 1 });
        const { chain, huggingFace, stableDiffusion, placeholder } = createWhole({ clock, memory });
        let open = 0;
        let most = 0;
        huggingFace.always(async (asked) => {
          const outcome = outcomes.shift() ?? 'ok';
          const isProbe = chain.state()[0]?.breaker.kind !== 'closed';
          open += 1;
          most = isProbe ? Math.max(most, open) : most;
          await scheduler.schedule(Promise.resolve());
          open -= 1;
          if (outcome !== 'ok') throw failure(outcome);
          return createPicture('huggingface', asked);
        });
        for (const other of [stableDiffusion, placeholder]) {
          other.always((asked) => scheduler.schedule(Promise.resolve(createPicture(other.name, asked))));
        }
        const rows = Array.from({ length: count }, () =>
          chain.generate(request, createContext({ clock, rowMs })).catch(() => undefined),
        );
        await scheduler.waitFor(Promise.all(rows));
        expect(most).toBeLessThanOrEqual(1);
        expect(chain.state().map(({ free }) => free)).toEqual([8, 1, 2]);
      },
    );
    await expect(fc.assert(property, { numRuns: 100 })).resolves.toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import type { ImageProvider, ProviderCheck } from '../../src/core/provider.ts';
import { checkProviders } from '../../src/setup/check-providers.ts';
import { createMemory } from '../../src/state/provider-memory.ts';

const { signal } = new AbortController();
const now = Date.UTC(2026, 10, 21);
const options = { memory: createMemory(), now, signal };

function checked(name: string, check?: () => Promise<ProviderCheck>) {
  const provider: ImageProvider = {
    name,
    label: name.toUpperCase(),
    generate: () => Promise.reject(new Error('it makes no image here')),
    ...(check && { check }),
  };
  return { provider, account: 'account', model: 'model' };
}
const well = async () => ({ ok: true, message: 'fine' });
const ill = async () => ({ ok: false, message: 'The key is wrong: make another.' });

describe('the check of the providers', () => {
  it('passes on what each says, in their order', async () => {
    expect(await checkProviders([checked('a', well), checked('b')], options)).toEqual([
      { key: 'provider.a', about: 'A', state: 'well', message: 'fine' },
      { key: 'provider.b', about: 'B', state: 'note', message: 'It cannot be looked at free of charge.' },
    ]);
  });

  it('takes a failed check for a problem unless another real provider is well', async () => {
    const statesOf = async (...providers: ReturnType<typeof checked>[]) =>
      (await checkProviders(providers, options)).map(({ state }) => state);
    expect(await statesOf(checked('a', ill), checked('placeholder', well))).toEqual(['problem', 'well']);
    expect(await statesOf(checked('a', ill), checked('b', well))).toEqual(['warning', 'well']);
    expect(await statesOf(checked('a', ill), checked('b'))).toEqual(['problem', 'note']);
  });

  it('reports a check that fails in its own way', async () => {
    const [finding] = await checkProviders([checked('a', () => Promise.reject(new Error('odd.')))], options);
    expect(finding).toMatchObject({
      state: 'problem',
      message: 'A could not be looked at (odd): check its address and key.',
    });
  });

  it('waits no longer than its limit', async () => {
    const silent = checked('a', () => new Promise(() => undefined));
    const [finding] = await checkProviders([silent], { ...options, timeoutMs: 10 });
    expect(finding).toMatchObject({
      state: 'problem',
      message: expect.stringMatching(/no answer within .*see whether it is up/),
    });
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const silent = checked('a', () => new Promise(() => undefined));
    const checking = checkProviders([silent], { ...options, signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(checking).rejects.toThrow('stopped');
  });

  it('reports a lockout, and forgets it', async () => {
    const memory = createMemory();
    const owner = { name: 'a', account: 'account', model: 'model' };
    await memory.remember(owner, { code: 'out_of_credit', until: Date.UTC(2026, 11, 1), since: now, strikes: 1 });
    const findings = await checkProviders([checked('a', well)], { ...options, memory });
    expect(findings[1]).toMatchObject({
      key: 'memory.a',
      state: 'note',
      message: expect.stringMatching(/^A was remembered as out of credit until 1 Dec; that is forgotten now/),
    });
    expect(memory.recall(owner)).toBeUndefined();
  });
});

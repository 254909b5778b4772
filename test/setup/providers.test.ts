import { describe, expect, it } from 'vitest';
import type { ImageProvider, ProviderCheck } from '../../src/core/provider.ts';
import { examineProviders } from '../../src/setup/providers.ts';

const signal = new AbortController().signal;

function patient(name: string, check?: () => Promise<ProviderCheck>, remembered?: string) {
  const provider: ImageProvider = {
    name,
    label: name.toUpperCase(),
    generate: () => Promise.reject(new Error('it makes no picture here')),
    ...(check && { check }),
  };
  return { provider, remembered };
}
const well = async () => ({ ok: true, message: 'fine' });
const ill = async () => ({ ok: false, message: 'The key is wrong: make another.' });

describe('the look at the providers', () => {
  it('passes on what each says, in their order', async () => {
    expect(await examineProviders([patient('a', well), patient('b')], signal)).toEqual([
      { key: 'provider.a', about: 'A', state: 'well', message: 'fine' },
      { key: 'provider.b', about: 'B', state: 'note', message: 'It cannot be looked at free of charge.' },
    ]);
  });

  it('takes illness for a problem unless another real provider is well', async () => {
    const statesOf = async (...patients: ReturnType<typeof patient>[]) =>
      (await examineProviders(patients, signal)).map(({ state }) => state);
    expect(await statesOf(patient('a', ill), patient('placeholder', well))).toEqual(['problem', 'well']);
    expect(await statesOf(patient('a', ill), patient('b', well))).toEqual(['warning', 'well']);
    expect(await statesOf(patient('a', ill), patient('b'))).toEqual(['problem', 'note']);
  });

  it('tells of a check that fails in its own way', async () => {
    const [finding] = await examineProviders([patient('a', () => Promise.reject(new Error('odd.')))], signal);
    expect(finding).toMatchObject({
      state: 'problem',
      message: 'A could not be looked at (odd): check its address and key.',
    });
  });

  it('waits no longer than its limit', async () => {
    const [finding] = await examineProviders([patient('a', () => new Promise(() => undefined))], signal, 10);
    expect(finding).toMatchObject({
      state: 'problem',
      message: expect.stringMatching(/no answer within .*see whether it is up/),
    });
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const looking = examineProviders([patient('a', () => new Promise(() => undefined))], stop.signal);
    stop.abort(new Error('stopped'));
    await expect(looking).rejects.toThrow('stopped');
  });

  it('tells what is remembered', async () => {
    const findings = await examineProviders([patient('a', well, 'out of credit until 1 Dec')], signal);
    expect(findings[1]).toMatchObject({
      key: 'memory.a',
      state: 'note',
      message: expect.stringMatching(/^A was remembered as out of credit until 1 Dec; that is forgotten now/),
    });
  });
});

import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/core/environment.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { describeAborts } from './provider-aborts.ts';
import { describeChecks } from './provider-checks.ts';
import { describeFailures } from './provider-failures.ts';
import { contractRequest, createContext, flawsIn, makeProvider, type ProviderRig } from './provider-rig.ts';
import { type ProviderFixture, useProviderFixture } from './provider-fixture.ts';

/** States what holds for every provider. */
export function describeProvider(rig: ProviderRig): void {
  const { name } = rig;
  // oxlint-disable-next-line vitest/valid-title -- a rig's name is a string
  describe(name, () => {
    describeSettings(rig);
    if (rig.server === undefined) {
      describeBuiltIn(rig);
      return;
    }
    const fixture = useProviderFixture(rig, rig.server);
    describeImageContract(fixture);
    describeFailures(fixture);
    describeAborts(fixture);
    describeChecks(fixture);
  });
}

function describeSettings({ entry, variables, secrets, server }: ProviderRig): void {
  const read = (settings: Record<string, string>) => {
    const environment = readEnvironment(settings);
    return { environment, settings: entry.read(environment) };
  };
  const here = variables('http://127.0.0.1:9');

  it('is made by its settings, whose keys are kept secret', () => {
    const { environment, settings } = read(here);
    expect(environment.problems).toEqual([]);
    expect(environment.secrets).toEqual(expect.arrayContaining([...secrets]));
    expect(settings).toMatchObject({ name: entry.name, label: entry.label });
    for (const secret of secrets) expect(settings?.account).not.toContain(secret);
  });

  if (!server) return;

  it('is left out without settings, and asks for all of them all the same', () => {
    const { environment, settings } = read({});
    expect(settings).toBeUndefined();
    expect(environment.problems).toEqual([]);
    expect([...environment.names]).toEqual(expect.arrayContaining([...read(here).environment.names]));
  });

  it('has an account for each key and address', () => {
    const accounts = [here, variables('http://127.0.0.1:10')].map((settings) => read(settings).settings?.account);
    const otherKeys = Object.fromEntries(
      Object.entries(here).map(([name, value]) => [name, secrets.includes(value) ? `${value}2` : value]),
    );
    if (secrets.length > 0) accounts.push(read(otherKeys).settings?.account);
    expect(new Set(accounts).size).toBe(accounts.length);
    for (const account of accounts) expect(account).toMatch(/^[0-9a-f]{8}$/);
  });
}

function describeBuiltIn(rig: ProviderRig): void {
  const clock = createFakeClock();

  it('gives the image with everything a row needs to know', async () => {
    const image = await makeProvider(rig, '').generate(contractRequest, createContext(clock, {}));
    expect(image).toMatchObject({ ...rig.expected, bytes: expect.any(Uint8Array), mediaType: 'image/png' });
  });

  it('ends with the reason of an abort', async () => {
    const signal = AbortSignal.abort('enough');
    await expect(makeProvider(rig, '').generate(contractRequest, createContext(clock, { signal }))).rejects.toBe(
      'enough',
    );
  });

  it('is always there', async () => {
    const { signal } = new AbortController();
    expect(await makeProvider(rig, '').check?.({ signal })).toMatchObject({ ok: true });
  });
}

function describeImageContract(fixture: ProviderFixture): void {
  const { rig } = fixture;
  describe('an image', () => {
    it('comes with everything a row needs to know, for one request', async () => {
      const image = await fixture.generate();
      expect(image).toMatchObject({ provider: rig.entry.name, costUsd: expect.any(Number), ...rig.expected });
      expect(image).toMatchObject({ bytes: expect.any(Uint8Array), width: expect.any(Number) });
      expect(fixture.imageRequests()).toHaveLength(1);
      expect([...fixture.origins]).toEqual([fixture.gate.url]);
    });

    it('may be lost with a connection that ends just after the answer', async () => {
      fixture.answerImageRequests('reset after the body');
      expect(flawsIn(await fixture.generate(), rig.secrets)).toEqual([]);
      expect(fixture.imageRequests()).toHaveLength(1);
    });
  });
}

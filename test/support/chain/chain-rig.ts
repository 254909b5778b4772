import { silentLog } from '../../../src/lib/log.ts';
import { type ChainDependencies, createChain, type RungSettings } from '../../../src/chain/chain.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { createFakeProvider, type FakeProvider } from '../fake-provider.ts';
import { failure } from './rig.ts';

export const rowMs = 300_000;
export const dayMs = 24 * 3_600_000;
export const firstOfDecember = Date.UTC(2026, 11, 1);
export const outOfCredit = failure('out_of_credit', { status: 402, until: firstOfDecember });

/** A provider as a rung. */
export function rung(provider: FakeProvider, concurrency: number, costUsd = 0): RungSettings {
  const { name, label } = provider;
  return { name, label, provider, timeoutMs: 120_000, concurrency, costUsd, account: 'abcd1234' };
}

function createProviders() {
  return {
    huggingFace: createFakeProvider('huggingface', 'Hugging Face'),
    stableDiffusion: createFakeProvider('stable-diffusion', 'Stable Diffusion'),
    card: createFakeProvider('placeholder', 'Free API Placeholder'),
  };
}

/** Hugging Face for eight pictures at once, paid; Stable Diffusion for one; the card. */
export function createWhole(options: Partial<ChainDependencies> & { clock?: FakeClock } = {}) {
  const clock = options.clock ?? createFakeClock();
  const providers = createProviders();
  const { huggingFace, stableDiffusion, card } = providers;
  const dependencies = {
    random: () => 0,
    log: silentLog,
    redact: (text: string) => text,
    finish: (bytes: Uint8Array) => Promise.resolve(bytes),
    rowTimeoutMs: rowMs,
    ...options,
    clock,
  };
  const chain = createChain([rung(huggingFace, 8, 0.003), rung(stableDiffusion, 1), rung(card, 2)], dependencies);
  return { ...providers, clock, chain, dependencies };
}

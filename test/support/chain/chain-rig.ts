import { silentLog } from '../../../src/lib/log.ts';
import { type ChainDependencies, createChain } from '../../../src/chain/chain.ts';
import type { ChainProvider } from '../../../src/chain/live-provider.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { createFakeProvider, type FakeProvider } from '../fake-provider.ts';
import { failure } from './rig.ts';

export const rowMs = 300_000;
export const dayMs = 24 * 3_600_000;
export const firstOfDecember = Date.UTC(2026, 11, 1);
export const outOfCredit = failure('out_of_credit', { status: 402, until: firstOfDecember });

/** A provider in the chain. */
export function chainProvider(provider: FakeProvider, concurrency: number, costUsd = 0): ChainProvider {
  const { name, label } = provider;
  return { name, label, provider, timeoutMs: 120_000, concurrency, costUsd, account: 'abcd1234' };
}

function createProviders() {
  return {
    huggingFace: createFakeProvider('huggingface', 'Hugging Face'),
    stableDiffusion: createFakeProvider('stable-diffusion', 'Stable Diffusion'),
    placeholder: createFakeProvider('placeholder', 'Free API Placeholder'),
  };
}

/** Hugging Face for eight images at once, paid; Stable Diffusion for one; the placeholder. */
export function createWhole(options: Partial<ChainDependencies> & { clock?: FakeClock } = {}) {
  const clock = options.clock ?? createFakeClock();
  const providers = createProviders();
  const { huggingFace, stableDiffusion, placeholder } = providers;
  const dependencies = {
    random: () => 0,
    log: silentLog,
    redact: (text: string) => text,
    finish: (bytes: Uint8Array) => Promise.resolve(bytes),
    rowTimeoutMs: rowMs,
    ...options,
    clock,
  };
  const chain = createChain(
    [chainProvider(huggingFace, 8, 0.003), chainProvider(stableDiffusion, 1), chainProvider(placeholder, 2)],
    dependencies,
  );
  return { ...providers, clock, chain, dependencies };
}

import type { ImageProvider, ProviderUse } from '../core/provider.ts';
import type { Breaker } from './breaker.ts';
import type { Slots } from './slots.ts';

/** One provider of the chain, with its settings. */
export interface ChainProvider extends ProviderUse {
  provider: ImageProvider;
}

/** A provider of the chain with what all of its calls share. */
export interface LiveProvider extends ChainProvider {
  breaker: Breaker;
  slots: Slots;
  isAffordable: () => boolean;
}

/** Would it be asked now? */
export function isAsked({ breaker, isAffordable }: LiveProvider): boolean {
  return breaker.admits() && isAffordable();
}

/** Does it make real images, and not placeholders? */
export function isReal({ name }: ChainProvider): boolean {
  return name !== 'placeholder';
}

/**
 * How many rows may be under way: one for each provider that is probed, and as many as the first open provider takes.
 * Placeholders count only while no real provider is open.
 */
export function roomIn(providers: readonly LiveProvider[]): number {
  const real = providers.filter((provider) => isReal(provider) && provider.isAffordable());
  const first = real.findIndex(({ breaker }) => breaker.state.kind === 'closed');
  const asked = first < 0 ? real : real.slice(0, first);
  const probes = asked.filter(({ breaker }) => breaker.state.kind === 'half-open' || breaker.admits()).length;
  const open = real[first] ?? providers.find((provider) => !isReal(provider) && provider.breaker.admits());
  const places = probes + (open?.concurrency ?? 0);
  // While nothing is open rows are still let in, so that each gets its answer.
  return places > 0 ? places : (providers[0]?.concurrency ?? 1);
}

import type { ProviderState } from '../../../src/chain/chain.ts';
import type { FailureCode } from '../../../src/core/reactions.ts';

/** What a test says of a provider; without a code it is not locked out. */
interface Lockout {
  code?: FailureCode;
  /** Wall-clock ms. */
  until?: number;
  kind?: 'open' | 'half-open';
  admits?: boolean;
}

/** A provider as the chain shows it. */
export function providerState(
  name: string,
  label: string,
  { code, until = 1.8e12, kind = 'open', admits = code === undefined }: Lockout = {},
): ProviderState {
  const breaker: ProviderState['breaker'] =
    code === undefined
      ? { kind: 'closed', failures: 0 }
      : { kind, lockout: { code, until, since: until - 60_000, strikes: 1 } };
  return { name, label, breaker, admits, free: 1 };
}

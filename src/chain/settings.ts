import type { Environment } from '../core/environment.ts';

/** What the chain may take for one image, and in a month. */
export interface ChainSettings {
  rowTimeoutMs: number;
  /** For paid providers in a month, in US dollars; undefined is no cap. */
  monthlyBudgetUsd: number | undefined;
}

/** Reads ROW_TIMEOUT_SECONDS and MONTHLY_BUDGET_USD. */
export function readChainSettings(environment: Environment): ChainSettings {
  const hasBudget = environment.optional('MONTHLY_BUDGET_USD') !== undefined;
  return {
    rowTimeoutMs: 1000 * environment.number('ROW_TIMEOUT_SECONDS', { fallback: 300, min: 5, max: 3600 }),
    monthlyBudgetUsd: hasBudget
      ? environment.number('MONTHLY_BUDGET_USD', { fallback: 0, min: 0, max: 1_000_000 })
      : undefined,
  };
}

/** How one month's money stands, in US dollars. */
export interface BudgetState {
  /** UTC, as `2026-11`. */
  month: string;
  /** Undefined when there is no cap. */
  capUsd?: number;
  spentUsd: number;
  /** For calls of which nobody knows whether they were billed; it counts against the cap. */
  possibleUsd: number;
  /** Set aside for calls under way. */
  openUsd: number;
  /** Does the price of no configured paid provider fit any more? False where none is configured. */
  isReached: boolean;
}

import type { Attempt } from '../core/provider.ts';

type Trouble = Exclude<Attempt['outcome'], 'ok'>;

const dayMs = 24 * 60 * 60_000;

/** What to do about each failure, given the provider's label and when it is worth asking again, in words. */
const fixes: Readonly<Record<Trouble, (label: string, until: string | undefined) => string>> = {
  out_of_credit: (label, until) => `Buy credit at ${label}${until ? `, or wait until ${until}` : ''}.`,
  unauthorized: (label) => `Check the key of ${label} in the settings: it is missing, wrong or lacks a right.`,
  retired: (label) => `Choose another model for ${label} in the settings: this one is no longer offered.`,
  rate_limited: (label, until) => `Wait ${until ? `until ${until}` : 'a minute'}, or ask ${label} for a higher limit.`,
  loading: (label) => `Wait a few minutes: ${label} is still loading its model.`,
  unreachable: (label) => `Check that ${label} runs, its address in the settings, and the network.`,
  unavailable: (label) => `Ask again in a few minutes; if it stays, look at ${label}'s own log or status page.`,
  timeout: (label) => `Ask again, with a smaller picture or fewer steps, or give ${label} more time in the settings.`,
  invalid_request: (label) => `Change the request: ${label} does not take it as it is.`,
  content_rejected: () => 'Reword the prompt.',
  bad_image: () => 'Ask again; if it stays, choose another model.',
  over_budget: () => 'Wait for the next month, or raise MONTHLY_BUDGET_USD.',
  circuit_open: (label, until) =>
    `Wait ${until ? `until ${until}` : 'a few minutes'}, or let ${label} be asked again on the status page.`,
  interrupted: () => 'Ask again.',
};

/** What to do about one provider's failure, in one sentence. */
export function fixFor(attempt: Pick<Attempt, 'label' | 'until'> & { outcome: Trouble }, now: number): string {
  const at = attempt.until === undefined ? Number.NaN : Date.parse(attempt.until);
  return fixes[attempt.outcome](attempt.label, at > now ? timeWords(at, now) : undefined);
}

/** "14:05 UTC", or "1 Dec" when that is a day and more away. */
export function timeWords(at: number, now: number): string {
  const date = new Date(at);
  return at - now < dayMs
    ? `${date.toISOString().slice(11, 16)} UTC`
    : date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

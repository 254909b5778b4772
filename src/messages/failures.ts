import type { Attempt } from '../core/provider.ts';
import type { FailureCode } from '../core/reactions.ts';
import { formatCost, formatDate, formatTime } from './formats.ts';

/** Every outcome of an attempt that made no image. */
export type Failure = Exclude<Attempt['outcome'], 'ok'>;

/** One failure in the words of each of its readers. */
export interface FailureMessages {
  /** For the operator, after "Hugging Face: ". */
  log: string;
  /** For the row's editor, after "Hugging Face ". */
  editor: string;
  /** For the status page: the provider's state. */
  page: string;
  /** For the HTTP API's caller: what to do, given the provider's label and when it is worth asking again, in words. */
  fix: (label: string, until: string | undefined) => string;
}

const row = (log: string, editor: string, page: string, { fix }: Pick<FailureMessages, 'fix'>): FailureMessages => {
  return { log, editor, page, fix };
};

/** What every failure is called, by reader: in the log, to editors, on the status page; and what to do about it. */
export const failureMessages: Readonly<Record<FailureCode | 'interrupted', FailureMessages>> = {
  out_of_credit: row('out of credit', 'out of credit', 'Out of credit', {
    fix: (label, until) => `Buy credit at ${label}${until ? `, or wait until ${until}` : ''}.`,
  }),
  unauthorized: row('key refused', 'refused the key', 'Key refused', {
    fix: (label) => `Check the key of ${label} in the settings: it is missing, wrong or lacks a right.`,
  }),
  retired: row('model no longer offered', 'no longer offers the model', 'Model no longer offered', {
    fix: (label) => `Choose another model for ${label} in the settings: this one is no longer offered.`,
  }),
  rate_limited: row('too many requests', 'too busy', 'Too many requests', {
    fix: (label, until) => `Wait ${until ? `until ${until}` : 'a minute'}, or ask ${label} for a higher limit.`,
  }),
  loading: row('model still loading', 'still starting', 'Model still loading', {
    fix: (label) => `Wait a few minutes: ${label} is still loading its model.`,
  }),
  unreachable: row('not reachable', 'not reachable', 'Not reachable', {
    fix: (label) => `Check that ${label} runs, its address in the settings, and the network.`,
  }),
  unavailable: row('fault', 'had a fault', 'Faulty', {
    fix: (label) => `Ask again in a few minutes; if it stays, look at ${label}'s own log or status page.`,
  }),
  timeout: row('no answer in time', 'did not answer in time', 'Too slow to answer', {
    fix: (label) => `Ask again, with a smaller picture or fewer steps, or give ${label} more time in the settings.`,
  }),
  invalid_request: row('request not accepted', 'did not accept the request', 'Request not accepted', {
    fix: (label) => `Change the request: ${label} does not take it as it is.`,
  }),
  content_rejected: row('prompt refused', 'refused the prompt', 'Prompt refused', { fix: () => 'Reword the prompt.' }),
  bad_image: row('no usable picture', 'sent no usable picture', 'Sends no usable pictures', {
    fix: () => 'Ask again; if it stays, choose another model.',
  }),
  over_budget: row('budget reached', 'left out, the budget is reached', 'Left out, the budget is reached', {
    fix: () => 'Wait for the next month, or raise MONTHLY_BUDGET_USD.',
  }),
  circuit_open: row('recent trouble', 'left out after recent trouble', 'Left out after trouble', {
    fix: (label, until) =>
      `Wait ${until ? `until ${until}` : 'a few minutes'}, or let ${label} be asked again on the status page.`,
  }),
  // The process ended while the call was open.
  interrupted: row('interrupted', 'interrupted', 'Interrupted', { fix: () => 'Ask again.' }),
};

/** A failure in the words of a log line: "out of credit (402)". */
export function failureForLog(code: Failure, status?: number): string {
  const { log } = failureMessages[code];
  return status === undefined ? log : `${log} (${status})`;
}

/** Why a provider is not asked, for the log: "out of credit until 1 Dec". */
export function describeLockout({ code, until }: { code: Failure; until: number }, now: number): string {
  return `${failureForLog(code)}${until > now ? ` until ${formatDate(until, now)}` : ', being tried again'}`;
}

/** One attempt that failed, for editors: "Hugging Face out of credit until 1 Dec". */
export function failureForEditor(attempt: Attempt & { outcome: Failure }, now: number): string {
  // That a month's budget lasts until the month ends need not be said.
  const date = attempt.outcome === 'over_budget' ? undefined : attempt.until;
  const until = date === undefined ? '' : ` until ${formatDate(Date.parse(date), now)}`;
  const spent = attempt.possiblySpent ? ` (maybe ${formatCost(attempt.costUsd ?? 0)} spent)` : '';
  return `${attempt.label} ${failureMessages[attempt.outcome].editor}${until}${spent}`;
}

/** What to do about one provider's failure, in one sentence. */
export function fixFor(attempt: Pick<Attempt, 'label' | 'until'> & { outcome: Failure }, now: number): string {
  const at = attempt.until === undefined ? Number.NaN : Date.parse(attempt.until);
  return failureMessages[attempt.outcome].fix(attempt.label, at > now ? formatTime(at, now) : undefined);
}

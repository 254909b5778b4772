import type { Random } from '../lib/clock.ts';
import type { ProviderError } from '../core/errors.ts';
import { nextMonth } from '../lib/dates.ts';
import { reactions } from '../core/reactions.ts';
import type { Lockout } from '../state/provider-memory.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** No lockout lasts longer; one that seems to comes from a clock that jumped. */
const longestMs = 40 * dayMs;
/** Credit may be bought and keys mended at any time, so that no lockout goes without a probe for longer. */
const longestWithoutProbeMs = dayMs;
/** A clock may be set back by so much without making memory doubtful. */
const clockSlackMs = minuteMs;
const firstPauseMs = 30_000;
const longestPauseMs = 10 * minuteMs;
/** Keeps the workers of one account from coming back in the same instant. */
const creditJitterMs = 5 * minuteMs;

interface Instant {
  /** Wall-clock ms. */
  now: number;
  random: Random;
}

/** The lockout that a failure leads to, given the provider's earlier one. */
export function lockoutAfter(failure: ProviderError, earlier: Lockout | undefined, instant: Instant): Lockout {
  const { now } = instant;
  const { code } = failure;
  const strikes = earlier && kindOf(earlier.code) === kindOf(code) ? earlier.strikes + 1 : 1;
  return { code, until: Math.min(now + longestMs, untilOf(failure, strikes, instant)), since: now, strikes };
}

/** Is it time to ask the provider again? */
export function isDue({ until, since }: Lockout, now: number): boolean {
  const isDoubtful = since > now + clockSlackMs || until > now + longestMs + clockSlackMs;
  return isDoubtful || now >= Math.min(until, since + longestWithoutProbeMs);
}

function kindOf(code: Lockout['code']): string {
  const { remember } = reactions[code];
  return remember === 'breaker' ? remember : code;
}

function untilOf(
  { code, facts: { until, retryAfterMs = minuteMs } }: ProviderError,
  strikes: number,
  { now, random }: Instant,
): number {
  if (code === 'out_of_credit') {
    // A date that has come already says nothing about the next one.
    const isDated = until !== undefined && until > now + minuteMs;
    return (isDated ? until : nextMonth(now)) + random() * creditJitterMs;
  }
  if (code === 'rate_limited') return Math.max(now + 1000, until ?? now + retryAfterMs);
  if (code === 'unauthorized') return now + hourMs;
  if (code === 'retired') return now + dayMs;
  if (code === 'loading') return now + 5 * minuteMs;
  return now + Math.min(longestPauseMs, firstPauseMs * 2 ** (strikes - 1));
}

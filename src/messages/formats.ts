import { dayOf, isLessThanADayAway, timeOfDay } from '../lib/dates.ts';

/** No call of a provider lasts so long, and a pass that does is easier read in minutes. */
const longMs = 10 * 60_000;

/** "340 ms", "8.2 s", "12 min 5 s". */
export function formatDuration(ms: number): string {
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`;
  if (ms < longMs) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** "a minute", "12 minutes". */
export function formatMinutes(ms: number): string {
  const count = Math.max(1, Math.round(ms / 60_000));
  return count === 1 ? 'a minute' : `${count} minutes`;
}

/** "free", "$0.003". */
export function formatCost(usd: number): string {
  return usd === 0 ? 'free' : formatMoney(usd);
}

/** "$0.00", "$0.003", "$12.30": at least two digits behind the point, and as many as small sums need. */
export function formatMoney(usd: number): string {
  return `$${usd.toFixed(4).replace(/0{1,2}$/, '')}`;
}

/** "1 Dec", and with the time of day when it is less than a day away: "21 Nov 14:05 UTC". */
export function formatDate(at: number, now: number): string {
  return isLessThanADayAway(at, now) ? `${dayOf(at)} ${timeOfDay(at)}` : dayOf(at);
}

/** "1 Dec", and the time of day alone when it is less than a day away: "14:05 UTC". */
export function formatTime(at: number, now: number): string {
  return isLessThanADayAway(at, now) ? timeOfDay(at) : dayOf(at);
}

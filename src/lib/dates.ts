const dayMs = 24 * 3_600_000;
const latestMs = 8.64e15;

/** ISO 8601, UTC; a time beyond what dates can say is the last one they can. */
export function isoTime(ms: number): string {
  return new Date(Math.min(ms, latestMs)).toISOString();
}

/** "1 Dec". */
export function dayOf(at: number, timeZone = 'UTC'): string {
  return format(at, { day: 'numeric', month: 'short', timeZone });
}

/** "14:05 UTC". */
export function timeOfDay(at: number, timeZone = 'UTC'): string {
  return format(at, { hour: '2-digit', minute: '2-digit', timeZone, timeZoneName: 'short' });
}

/** The first of the next month, at midnight UTC. */
export function nextMonth(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** Is it so near that its time of day is worth saying? */
export function isLessThanADayAway(at: number, now: number): boolean {
  return at - now < dayMs;
}

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  return new Date(Math.min(at, latestMs)).toLocaleString('en-GB', options);
}

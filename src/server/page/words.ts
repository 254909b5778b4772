/** "340 ms", "8.2 s", "2 min 5 s". */
export function durationWords(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`;
}

/** Whole seconds that pass before people's eyes: "12 s", "2 min 5 s". */
export function secondsWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 60 ? `${seconds} s` : durationWords(seconds * 1000);
}

/** "free", "$0.003". */
export function costWords(usd: number): string {
  return usd === 0 ? 'free' : moneyWords(usd);
}

/** "$12.50", "$0.003": never fewer than two digits behind the point, and as many as small sums need. */
export function moneyWords(usd: number): string {
  return `$${usd.toFixed(4).replace(/0{1,2}$/, '')}`;
}

/** "1 picture", "3 pictures". */
export function countWords(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A day that is written as `2026-11-22`: "22 Nov". */
export function dayWords(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

/** A month that is written as `2026-11`: "November". */
export function monthWords(month: string): string {
  return new Date(`${month}-01T00:00:00Z`).toLocaleDateString('en-GB', { month: 'long', timeZone: 'UTC' });
}

/** A time in the browser's zone: "14:05" today, "1 Dec" from tomorrow on or long ago, "21 Nov, 14:05" in the days before. */
export function timeWords(at: Date, now: Date): string {
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (at.toDateString() === now.toDateString()) return time;
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  const day = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year });
  return at > now ? day : `${day}, ${time}`;
}

/** The same in full: "Saturday 21 November 2026 at 14:05:00". */
export function fullTimeWords(at: Date): string {
  return at.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'medium' });
}

/** A text, or as much of its beginning as leaves room for an ellipsis; no character is cut in two. */
export function shortened(text: string, maxCharacters: number): string {
  const characters = Array.from(text);
  return characters.length > maxCharacters ? `${characters.slice(0, maxCharacters - 1).join('')}…` : text;
}

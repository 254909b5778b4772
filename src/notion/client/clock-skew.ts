/** Clocks that differ less than this are taken to agree. */
const smallestSkewMs = 120_000;

/** What is wrong with this machine's clock, and what to do; undefined when it agrees with Notion's, as far as it is known. */
export function describeClockSkew(skewMs = 0): string | undefined {
  if (Math.abs(skewMs) < smallestSkewMs) return undefined;
  const side = skewMs > 0 ? 'behind' : 'ahead of';
  const words = `This machine's clock is ${timeSpan(Math.abs(skewMs))} ${side} Notion's: set it right, best by network time (NTP).`;
  return `${words} Until then the times in file names and on rows are wrong; nothing else is.`;
}

function timeSpan(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}

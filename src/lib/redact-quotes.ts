/** Of a provider's words no more is looked at, in UTF-16 units: an answer may be long, and prompts are at most 4,000. */
const longestQuote = 16 * 1024;
/** Anything shorter gives nothing away, and would blank out half of any sentence. */
const shortestHidden = 4;
/** Whoever quotes so much of a text and then stops has cut it short. */
const tellingStart = 24;

/** The start of the words, in which everything to be hidden is blanked out; one hidden text may stand within another. */
export function hideIn(words: string, hide: readonly string[]): string {
  const hidden = hide.filter((text) => text.trim().length >= shortestHidden);
  const longest = Math.max(0, ...hidden.map(({ length }) => length));
  const quote = words.slice(0, longestQuote + longest);
  const spans = hidden.flatMap((text) => spansOf(text, quote)).toSorted(([a], [b]) => a - b);
  let clean = '';
  let at = 0;
  for (const [start, end] of spans) {
    if (start >= at && start < longestQuote) clean += `${quote.slice(at, start)}…`;
    at = Math.max(at, end);
  }
  return clean + quote.slice(at, longestQuote);
}

/** Where the text stands; from where it is cut short to the end. */
function spansOf(text: string, quote: string): [start: number, end: number][] {
  const spans: [number, number][] = [];
  const start = text.slice(0, tellingStart);
  for (let at = quote.indexOf(start); at >= 0; at = quote.indexOf(start, at + 1)) {
    if (quote.startsWith(text, at)) spans.push([at, at + text.length]);
    else return [...spans, [at, quote.length]];
  }
  return spans;
}

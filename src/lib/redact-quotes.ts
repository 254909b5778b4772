/** No more of a provider's words is read, in UTF-16 units: an answer may be long, and prompts are at most 4,000. */
const longestQuote = 16 * 1024;
/** Anything shorter gives nothing away, and would blank out half of any sentence. */
const shortestRedacted = 4;
/** A quotation that repeats so much of a text and then differs has cut the text short. */
const startLength = 24;

/** The start of the words with every text that must not be shown blanked out; one such text may stand within another. */
export function redactQuotes(words: string, toRedact: readonly string[]): string {
  const texts = toRedact.filter((text) => text.trim().length >= shortestRedacted);
  const longest = Math.max(0, ...texts.map(({ length }) => length));
  const quote = words.slice(0, longestQuote + longest);
  const spans = texts.flatMap((text) => spansOf(text, quote)).toSorted(([a], [b]) => a - b);
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
  const start = text.slice(0, startLength);
  for (let at = quote.indexOf(start); at >= 0; at = quote.indexOf(start, at + 1)) {
    if (quote.startsWith(text, at)) spans.push([at, at + text.length]);
    else return [...spans, [at, quote.length]];
  }
  return spans;
}

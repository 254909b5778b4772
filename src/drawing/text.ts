const maxGraphemes = 140;
/** A family emoji with skin tones has 11; more than this is marks piled up. */
const maxCodePoints = 12;
const maxRawUnits = maxGraphemes * maxCodePoints * 2;

/** Invisible characters that shape their neighbours: soft hyphen, the two joiners, variation selectors, an emoji flag's tags. */
export const shapers = /\u00ad|\u200c|\u200d|[\ufe00-\ufe0f]|[\u{e0020}-\u{e007f}]/gu;
const unwanted = new RegExp(
  `(?!${shapers.source})[\\p{Cf}\\p{Cs}\\p{Cc}\\p{Default_Ignorable_Code_Point}\\u2800]`,
  'gu',
);

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The graphemes of a headline on one line: no control or bidi characters, spaces single, what is too long cut at a word with an ellipsis, dashes kept with their words, keycaps plain (Pango parts digit and cap). */
export function headlineGraphemes(headline: string): string[] {
  const clean = headline
    .slice(0, maxRawUnits)
    .replaceAll(/[^\S\u00a0\u202f\ufeff]+/gu, ' ')
    .replaceAll(/([0-9#*])\ufe0f?\u20e3/gu, '$1')
    .replaceAll(unwanted, '')
    .replaceAll(/ {2,}/g, ' ')
    .replaceAll(/ (?=[–—] )/g, '\u00a0')
    .trim();
  const graphemes: string[] = [];
  for (const { segment } of segmenter.segment(clean)) {
    if (segment.replaceAll(shapers, '') === '') continue;
    if (graphemes.length === maxGraphemes) return cutAtWord(graphemes);
    graphemes.push(Array.from(segment).slice(0, maxCodePoints).join(''));
  }
  return headline.length > maxRawUnits ? cutAtWord(graphemes) : graphemes;
}

function cutAtWord(graphemes: readonly string[]): string[] {
  const space = graphemes.lastIndexOf(' ');
  const start = graphemes.slice(0, space > maxGraphemes / 2 ? space : -1);
  while (/^[\p{P}\s]$/u.test(start.at(-1) ?? '')) start.pop();
  return [...start, '…'];
}

/** True when most letters of the text run from right to left. */
export function isRightToLeft(text: string): boolean {
  const letters = text.match(/\p{L}/gu) ?? [];
  const rightToLeft = letters.filter((letter) =>
    /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(letter),
  );
  return rightToLeft.length > letters.length / 2;
}

/** The language whose letter forms unified Han characters take; without kana or hangul, Chinese. */
export function hanLanguage(text: string): string | undefined {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return 'ja';
  if (/\p{Script=Hangul}/u.test(text)) return 'ko';
  return /\p{Script=Han}/u.test(text) ? 'zh-Hans' : undefined;
}

/** Text that Pango's markup shows as it stands. */
export function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

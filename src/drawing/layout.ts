/** A stretch of text that stays on one line. */
export interface Piece {
  text: string;
  /** Does a space separate it from the piece before it on the same line? */
  hasSpaceBefore: boolean;
  needsHyphen: boolean;
}

/** A piece with its width in ems. */
export interface MeasuredPiece extends Piece {
  width: number;
}

export interface Line {
  text: string;
  width: number;
}

/** Letters in a row that make a very long word, and those that are kept together when it is broken. */
const longWordLetters = 20;
const chunkLetters = 14;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const words = new Intl.Segmenter('en', { granularity: 'word' });
const spaceless =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar}/u;

/** Where lines may end: at spaces, between words of scripts without spaces, and inside very long words if asked. */
export function splitIntoPieces(text: string, breakLongWords: boolean): Piece[] {
  return text.split(' ').flatMap((word) => {
    const parts = spaceless.test(word) ? spacelessWords(word) : [word];
    const pieces = breakLongWords
      ? parts.flatMap(splitLongWord)
      : parts.map((part) => ({ text: part, needsHyphen: false }));
    return pieces.map((piece, index) => ({ ...piece, hasSpaceBefore: index === 0 }));
  });
}

/** Fills lines of at most `limit` ems; a piece that is wider has a line of its own. */
export function fillLines(pieces: readonly MeasuredPiece[], spaceWidth: number, limit: number): Line[] {
  const lines: (Line & { needsHyphen: boolean })[] = [];
  for (const { text, width, hasSpaceBefore, needsHyphen } of pieces) {
    const line = lines.at(-1);
    const joined = line ? line.width + (hasSpaceBefore ? spaceWidth : 0) + width : Infinity;
    if (line && joined <= limit) {
      Object.assign(line, { text: line.text + (hasSpaceBefore ? ' ' : '') + text, width: joined, needsHyphen });
    } else {
      lines.push({ text, width, needsHyphen });
    }
  }
  return lines.map(({ text, width, needsHyphen }) => ({ text: needsHyphen ? `${text}-` : text, width }));
}

/** The words, with closing punctuation at the end of one and opening punctuation at the start of one. */
function spacelessWords(run: string): string[] {
  const parts: string[] = [];
  for (const { segment, isWordLike } of words.segment(run)) {
    const last = parts.at(-1);
    const belongs =
      last !== undefined && (/[\p{Ps}\p{Pi}]$/u.test(last) || (!isWordLike && !/^[\p{Ps}\p{Pi}]/u.test(segment)));
    if (belongs) parts.splice(-1, 1, last + segment);
    else parts.push(segment);
  }
  return parts;
}

function splitLongWord(word: string): Omit<Piece, 'hasSpaceBefore'>[] {
  const letters = Array.from(graphemes.segment(word), ({ segment }) => segment);
  if (letters.length <= longWordLetters) return [{ text: word, needsHyphen: false }];
  const count = Math.ceil(letters.length / chunkLetters);
  const size = Math.ceil(letters.length / count);
  return Array.from({ length: Math.ceil(letters.length / size) }, (_, index) => {
    const text = letters.slice(index * size, (index + 1) * size).join('');
    return { text, needsHyphen: (index + 1) * size < letters.length && /\p{L}$/u.test(text) };
  });
}

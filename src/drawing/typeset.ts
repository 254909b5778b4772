import sharp, { type Sharp } from 'sharp';
import { fillLines, type MeasuredPiece, type Piece, splitIntoPieces } from './layout.ts';
import { escapeMarkup, hanLanguage, isRightToLeft } from './text.ts';

/** Words to be set, and the room they have in pixels. */
export interface Setting {
  text: string;
  /** Pango's list of families. */
  families: string;
  /** A colour as #rrggbb. */
  ink: string;
  width: number;
  height: number;
  /** Pixels of the largest type wanted. */
  maxSize: number;
}

/** Words as RGBA pixels, cut to their ink. */
export type TypesetText = Awaited<ReturnType<typeof typeset>>;

const maxLines = 6;
/** The smallest type is this part of the largest. */
const smallestSize = 1 / 8;
/** Type may be this much smaller where that saves a line: broad lines read better than many short ones. */
const sizeForFewerLines = 0.88;
/** Below this part of the largest type, a very long word is broken rather than everything set small. */
const smallForLongWord = 0.45;
/** Pixels of the em in which words are measured: one size for all, as Pango opens a font anew for each. */
const measureSize = 40;
/** Room for what the rounding of letters to whole pixels makes differ between two sizes. */
const slack = 0.02;

/** Sizes and widths are tried from large to small, in steps of one part in a hundred. */
const step = 0.99;

/** Sets the words as large as fits, on lines of like length; right-to-left words begin at the right. */
export async function typeset(setting: Setting) {
  const whole = largest(setting, await measure(setting, splitIntoPieces(setting.text, false)));
  const isSmall = whole.size < setting.maxSize * smallForLongWord;
  const layout = isSmall ? largest(setting, await measure(setting, splitIntoPieces(setting.text, true))) : whole;
  const { data, info } = await draw(
    setting,
    layout.lines.map(({ text }) => text),
    layout.size,
  )
    .resize({ width: setting.width, height: setting.height, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}

/** Measures the words, in ems; `advance` is from line to line, `height` that of one line's ink. */
async function measure(setting: Setting, pieces: readonly Piece[]) {
  const sizeOf = async (lines: string[]) => draw(setting, lines, measureSize).metadata();
  // An image ends where its ink does, so that a word's own width shows only between two letters.
  const bare = (await sizeOf(['H H'])).width;
  const space = (await sizeOf(['H  H'])).width - bare;
  const widths = new Map<string, number>();
  for (const part of new Set(pieces.flatMap(({ text }) => partsOf(text)))) {
    widths.set(part, (await sizeOf([`H ${part} H`])).width - bare - space);
  }
  const every = [...new Set(Array.from(setting.text))].join('');
  const one = (await sizeOf([every])).height;
  const two = (await sizeOf([every, every])).height;
  const widthOf = (text: string) => partsOf(text).reduce((sum, part) => sum + (widths.get(part) ?? 0), 0);
  return {
    pieces: pieces.map((piece): MeasuredPiece => ({ ...piece, width: widthOf(piece.text) / measureSize })),
    space: space / measureSize,
    advance: (two - one) / measureSize,
    height: one / measureSize,
  };
}

/** The largest type whose lines fit, or slightly smaller type with fewer lines; the lines are of like length. */
function largest(setting: Setting, measures: Awaited<ReturnType<typeof measure>>) {
  const [width, height] = [setting.width * (1 - slack), setting.height * (1 - slack)];
  const linesAt = (size: number, limit = width) => fillLines(measures.pieces, measures.space, limit / size);
  const fits = (size: number, lines = linesAt(size)) =>
    lines.length <= maxLines &&
    lines.every((line) => line.width * size <= width) &&
    (measures.height + (lines.length - 1) * measures.advance) * size <= height;

  let size = setting.maxSize;
  while (!fits(size) && size > setting.maxSize * smallestSize) size *= step;
  const { length } = linesAt(size);
  let smaller = size;
  while (linesAt(smaller).length === length && smaller > size * sizeForFewerLines) smaller *= step;
  if (linesAt(smaller).length < length) size = smaller;

  let limit = width;
  const narrower = () => linesAt(size, limit * step);
  while (limit > width / 2 && narrower().length === linesAt(size).length && fits(size, narrower())) limit *= step;
  return { size, lines: linesAt(size, limit) };
}

/** Stretches so short that their image stays within what Pango can draw. */
function partsOf(text: string): string[] {
  return text.match(/.{1,16}/gsu) ?? [];
}

/** Type of so few points that the resolution, a whole number, sets its size finely. */
const points = 2;

function draw({ text, families, ink }: Setting, lines: readonly string[], size: number): Sharp {
  const language = hanLanguage(text);
  const rightToLeft = isRightToLeft(text);
  const attributes = [
    `foreground="${ink}"`,
    `line_height="${rightToLeft && /\p{Script=Arabic}/u.test(text) ? 0.72 : 0.88}"`,
    ...(language ? [`lang="${language}"`] : []),
  ].join(' ');
  // The mark sets the direction of the whole line, whichever script it happens to begin with.
  const mark = rightToLeft ? '\u200f' : '\u200e';
  const markup = lines.map((line) => mark + escapeMarkup(line)).join('\n');
  return sharp({
    text: {
      text: `<span ${attributes}>${markup}</span>`,
      // The comma after the families keeps a family's last word from being read as a style.
      font: `${families}, Bold ${points}`,
      dpi: Math.max(1, Math.round((size * 72) / points)),
      rgba: true,
    },
  });
}

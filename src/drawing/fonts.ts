import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { shapers } from './text.ts';
import { type FontFile, readFontFile } from './font-file.ts';
import { isEmoji, isPrivate, kindOf } from './font-scripts.ts';

/** The bundled fonts, and whatever else is installed. */
export type Fonts = ReturnType<typeof createFonts>;

const bundledFolder = new URL('../../assets/fonts/', import.meta.url);
const bundledNames = ['NotoSans-Bold.ttf', 'NotoSansArabic-Bold.ttf', 'NotoSansHebrew-Bold.ttf'];

const sharedFolders = [
  '/usr/share/fonts',
  '/usr/local/share/fonts',
  '/System/Library/Fonts',
  '/Library/Fonts',
  'C:\\Windows\\Fonts',
];
const ownFolders = ['.local/share/fonts', '.fonts', 'Library/Fonts'];

/** The bundled fonts, and those in the given folders for what the bundled ones lack. Files are looked at when first needed. */
export function createFonts(folders: readonly string[]) {
  const files = new Map<string, Promise<FontFile | undefined>>();
  const fontAt = (path: string) => {
    const known = files.get(path) ?? readFontFile(path);
    files.set(path, known);
    return known;
  };
  let listed: Promise<string[]> | undefined;
  const bundled = bundledNames.map((name) => fileURLToPath(new URL(name, bundledFolder)));

  const find = async (grapheme: string): Promise<FontFile | undefined> => {
    if (isPrivate(grapheme)) return undefined;
    const covers = covering(grapheme);
    const own = isEmoji(grapheme) ? undefined : await firstFont(bundled, fontAt, covers);
    if (own) return own;
    listed ??= listFonts(folders);
    const isPictorial = (path: string) => /emoji/i.test(basename(path)) === isEmoji(grapheme);
    const installed = await listed;
    const ordered = [...installed.filter(isPictorial), ...installed.filter((path) => !isPictorial(path))];
    return (await firstFont(ordered, fontAt, covers)) ?? firstFont(bundled, fontAt, covers);
  };

  return {
    /** Finds a font for each grapheme, and has Pango load it; what no font draws is left out of the text. */
    async cover(graphemes: readonly string[]) {
      const chosen = new Map<string, FontFile | undefined>();
      for (const grapheme of new Set(graphemes)) chosen.set(grapheme, await find(grapheme));
      const covered = graphemes.filter((grapheme) => chosen.get(grapheme));
      const omitted = graphemes.filter((grapheme) => !chosen.get(grapheme));
      const fonts = [...(await Promise.all(bundled.map(fontAt))), ...chosen.values()].filter(
        (font) => font !== undefined,
      );
      return {
        text: covered.join('').replaceAll(/ {2,}/g, ' ').trim(),
        /** Pango's list of families that draw the text, the bundled ones first. */
        families: [...new Set(fonts.map(({ family }) => family))].join(', '),
        /** What was left out, in words: "emoji", "Han". */
        omitted: [...new Set(omitted.map(kindOf))],
        /** In graphemes. */
        omittedCount: omitted.length,
      };
    },
  };
}

/** The fonts of this machine. */
export const installedFonts = createFonts([...sharedFolders, ...ownFolders.flatMap(underHome)]);

function underHome(folder: string): string[] {
  try {
    return [join(homedir(), folder)];
  } catch {
    // A user without an entry in passwd, as in a container that runs under a bare number, has no home.
    return [];
  }
}

function covering(grapheme: string): (font: FontFile) => boolean {
  const codePoints = Array.from(grapheme.replaceAll(shapers, ''), (character) => character.codePointAt(0) ?? 0);
  return (font) => codePoints.every((codePoint) => font.covers(codePoint));
}

async function firstFont(
  paths: readonly string[],
  fontAt: (path: string) => Promise<FontFile | undefined>,
  accepts: (font: FontFile) => boolean,
): Promise<FontFile | undefined> {
  for (const path of paths) {
    const font = await fontAt(path);
    if (font && accepts(font) && (await load(path))) return font;
  }
  return undefined;
}

/** All font files, those that go best with the bundled ones first. */
async function listFonts(folders: readonly string[]): Promise<string[]> {
  const paths = await Promise.all(
    folders.map(async (folder) => {
      // A folder that is absent or closed holds no fonts for us.
      const names = await readdir(folder, { recursive: true }).catch(() => []);
      return names.map((name) => join(folder, name));
    }),
  );
  return paths
    .flat()
    .filter((path) => /\.(ttf|otf|ttc|otc)$/i.test(path) && !/last ?resort|blank/i.test(basename(path)))
    .map((path) => ({ path, rank: rankOf(basename(path)) }))
    .toSorted((one, other) => one.rank - other.rank || (one.path < other.path ? -1 : 1))
    .map(({ path }) => path);
}

function rankOf(name: string): number {
  const isOdd = /italic|oblique|mono|condensed|light|thin|serif/i.test(name);
  return (
    (isOdd ? 8 : 0) + (/noto/i.test(name) ? 0 : 4) + (/sans|gothic/i.test(name) ? 0 : 2) + (/bold/i.test(name) ? 0 : 1)
  );
}

const loads = new Map<string, Promise<boolean>>();

/** Makes a font file known to Pango until the process ends; false when Pango cannot use it. */
function load(path: string): Promise<boolean> {
  // Fontconfig reads this once, at the first text; without a configuration it takes the machine's, or complains on stderr.
  process.env['FONTCONFIG_FILE'] = fileURLToPath(new URL('fonts.conf', bundledFolder));
  const known = loads.get(path);
  if (known) return known;
  const loading = sharp({ text: { text: 'x', fontfile: path } })
    .metadata()
    .then(
      () => true,
      () => false,
    );
  loads.set(path, loading);
  return loading;
}

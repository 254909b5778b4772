import { type FileHandle, open } from 'node:fs/promises';

/** A font's name, and which characters it draws. */
export interface FontFile {
  path: string;
  family: string;
  covers(codePoint: number): boolean;
}

type Lookup = (codePoint: number) => boolean;

const maxTableBytes = 4 * 1024 * 1024;
const sfntVersions = new Set([0x00010000, 0x4f54544f /* OTTO */, 0x74727565 /* true */]);
const collectionTag = 0x74746366; // ttcf

/** Reads a TrueType or OpenType file's name and character map (of a collection, the first face's); undefined for anything else. */
export async function readFontFile(path: string): Promise<FontFile | undefined> {
  try {
    await using file = await open(path);
    const head = await read(file, 0, 16);
    const face = head.getUint32(0) === collectionTag ? head.getUint32(12) : 0;
    const directory = await read(file, face, 12);
    if (!sfntVersions.has(directory.getUint32(0))) return undefined;
    const tables = await read(file, face + 12, directory.getUint16(4) * 16);
    const family = familyName(await readTable(file, tables, 'name'));
    const lookup = characterLookup(await readTable(file, tables, 'cmap'));
    return family && lookup ? { path, family, covers: withoutErrors(lookup) } : undefined;
  } catch {
    // Unreadable, cut short or no font at all: of no use either way.
    return undefined;
  }
}

async function read(file: FileHandle, position: number, byteLength: number): Promise<DataView> {
  const bytes = new Uint8Array(byteLength);
  const { bytesRead } = await file.read(bytes, 0, byteLength, position);
  return new DataView(bytes.buffer, 0, bytesRead);
}

async function readTable(file: FileHandle, tables: DataView, tag: string): Promise<DataView> {
  for (let at = 0; at < tables.byteLength; at += 16) {
    const name = String.fromCharCode(...[0, 1, 2, 3].map((index) => tables.getUint8(at + index)));
    if (name === tag) return read(file, tables.getUint32(at + 8), Math.min(tables.getUint32(at + 12), maxTableBytes));
  }
  throw new RangeError(`no ${tag} table`);
}

/** The English family name in the Windows encoding, which every font that systems install has. */
function familyName(table: DataView): string | undefined {
  const strings = table.getUint16(4);
  for (let index = 0; index < table.getUint16(2); index++) {
    const at = 6 + index * 12;
    const [platform, language, id] = [table.getUint16(at), table.getUint16(at + 4), table.getUint16(at + 6)];
    if (platform !== 3 || language !== 0x409 || id !== 1) continue;
    const units = Array.from({ length: table.getUint16(at + 8) / 2 }, (_, unit) =>
      table.getUint16(strings + table.getUint16(at + 10) + unit * 2),
    );
    return String.fromCharCode(...units);
  }
  return undefined;
}

/** OpenType 1.9, cmap: format 12 covers all of Unicode, format 4 its first plane (learn.microsoft.com/typography/opentype/spec/cmap, 2026-11). */
function characterLookup(table: DataView): Lookup | undefined {
  const lookups = new Map<number, Lookup>();
  for (let index = 0; index < table.getUint16(2); index++) {
    const [platform, encoding] = [table.getUint16(4 + index * 8), table.getUint16(6 + index * 8)];
    const isUnicode = platform === 0 || (platform === 3 && (encoding === 1 || encoding === 10));
    const at = table.getUint32(8 + index * 8);
    const format = table.getUint16(at);
    if (isUnicode && format === 12) lookups.set(12, (codePoint) => inGroups(table, at, codePoint));
    if (isUnicode && format === 4) lookups.set(4, (codePoint) => inSegments(table, at, codePoint));
  }
  return lookups.get(12) ?? lookups.get(4);
}

function inGroups(table: DataView, at: number, codePoint: number): boolean {
  const groups = table.getUint32(at + 12);
  for (let index = 0, group = at + 16; index < groups; index++, group += 12) {
    if (codePoint > table.getUint32(group + 4)) continue;
    const start = table.getUint32(group);
    return codePoint >= start && table.getUint32(group + 8) + codePoint - start !== 0;
  }
  return false;
}

function inSegments(table: DataView, at: number, codePoint: number): boolean {
  const doubled = table.getUint16(at + 6);
  for (let offset = 0; offset < doubled; offset += 2) {
    const segment = at + 14 + offset;
    if (codePoint > table.getUint16(segment)) continue;
    const start = table.getUint16(segment + 2 + doubled);
    if (codePoint < start) return false;
    const delta = table.getUint16(segment + 2 + doubled * 2);
    const rangeAt = segment + 2 + doubled * 3;
    const range = table.getUint16(rangeAt);
    const glyph = range === 0 ? codePoint : table.getUint16(rangeAt + range + (codePoint - start) * 2);
    return glyph !== 0 && ((glyph + delta) & 0xffff) !== 0;
  }
  return false;
}

/** Damaged tables draw nothing. */
function withoutErrors(lookup: Lookup): Lookup {
  return (codePoint) => {
    try {
      return lookup(codePoint);
    } catch {
      // A map that points outside its table.
      return false;
    }
  };
}

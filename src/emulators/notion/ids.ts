import type { Random } from '../../lib/clock.ts';

/** Where the board's ids come from: random to look at, and never twice the same whatever the dice say. */
export interface IdSource {
  uuid(): string;
  /** As Notion's property ids: four characters, percent-encoded. */
  short(): string;
}

const shortAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz:;<=>?@[]^_{|}~\\';

const letter = (index: number) => shortAlphabet.charAt(index % shortAlphabet.length);

export function createIdSource(random: Random): IdSource {
  let issued = 0;
  const digits = (length: number) =>
    Math.floor(random() * 16 ** length)
      .toString(16)
      .padStart(length, '0');
  return {
    uuid() {
      issued += 1;
      return `${digits(8)}-${digits(4)}-4${digits(3)}-8${digits(3)}-${issued.toString(16).padStart(12, '0')}`;
    },
    short() {
      issued += 1;
      const first = Math.floor(random() * shortAlphabet.length);
      const text = [first, issued, Math.floor(issued / shortAlphabet.length), first + 7].map(letter).join('');
      return encodeURIComponent(text);
    },
  };
}

/** The address of a page or database in Notion's own app. */
export function notionUrl(id: string): string {
  return `https://www.notion.so/${id.replaceAll('-', '')}`;
}

/** The dashed lower-case form of an id, or undefined for what is none. */
export function normalizeId(value: string): string | undefined {
  const hex = value.toLowerCase().replaceAll('-', '');
  const wellFormed = /^[0-9a-f]{32}$/.test(hex) && (value.length === 32 || /^.{8}-.{4}-.{4}-.{4}-.{12}$/.test(value));
  return wellFormed
    ? `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    : undefined;
}

const scripts = `
  Latin Greek Cyrillic Arabic Hebrew Han Hiragana Katakana Hangul Bopomofo Yi Thai Lao Khmer Myanmar Tibetan Mongolian
  Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Armenian Georgian Ethiopic Cherokee
  Syriac Thaana Nko Adlam Tifinagh Vai Javanese Balinese Sundanese Tagalog Cham Canadian_Aboriginal Egyptian_Hieroglyphs
  Cuneiform Runic Ogham Gothic Coptic Phoenician`
  .trim()
  .split(/\s+/)
  .map((name) => ({ words: name.replaceAll('_', ' '), pattern: new RegExp(`\\p{Script=${name}}`, 'u') }));

const kinds = [
  { words: 'private-use characters', pattern: /\p{Co}/u },
  { words: 'unassigned characters', pattern: /\p{Cn}/u },
  ...scripts,
  { words: 'emoji', pattern: /\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}|\u20e3/u },
  { words: 'symbols', pattern: /\p{S}|\p{N}/u },
  { words: 'punctuation', pattern: /\p{P}/u },
];

/** What a grapheme is, in a word for people: its script, or emoji, symbols and the like. */
export function kindOf(grapheme: string): string {
  return kinds.find(({ pattern }) => pattern.test(grapheme))?.words ?? 'rare characters';
}

/** Is it a grapheme that people expect to see in colour? */
export function isEmoji(grapheme: string): boolean {
  return /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|\u20e3/u.test(grapheme);
}

/** Has it no meaning that all fonts share: is it a font's own sign, or left open by Unicode? */
export function isPrivate(grapheme: string): boolean {
  return /\p{Co}|\p{Cn}/u.test(grapheme);
}

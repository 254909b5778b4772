/** Somebody's words on one line, without control and other invisible characters, and cut at a length where one is given. */
export function oneLine(text: string, maxCharacters = Number.POSITIVE_INFINITY): string {
  return shortened(text.replaceAll(/[\s\p{C}]+/gu, ' ').trim(), maxCharacters);
}

/** The text, or as much of its beginning as leaves room for an ellipsis; no character is cut in two. */
export function shortened(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const characters = Array.from(text);
  return characters.length > maxCharacters ? `${characters.slice(0, maxCharacters - 1).join('')}…` : text;
}

/** What an error says, or whatever was thrown in its place, on one line. */
export function errorText(error: unknown, maxCharacters?: number): string {
  return oneLine(error instanceof Error ? error.message : String(error), maxCharacters);
}

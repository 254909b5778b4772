import { z } from 'zod';
import type { RichTextItem } from './model.ts';

const hues = ['gray', 'brown', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'red'] as const;
const textColor = z.enum(['default', ...hues, 'default_background', ...hues.map((hue) => `${hue}_background`)]);

const annotations = z
  .strictObject({
    bold: z.boolean().default(false),
    italic: z.boolean().default(false),
    strikethrough: z.boolean().default(false),
    underline: z.boolean().default(false),
    code: z.boolean().default(false),
    color: textColor.default('default'),
  })
  .prefault({});

// `plain_text` and `href` are taken and ignored, so that what was read may be written back.
const textItem = z.strictObject({
  type: z.literal('text').optional(),
  text: z.strictObject({
    content: z.string().max(2000),
    link: z.strictObject({ type: z.literal('url').optional(), url: z.string().min(1).max(2000) }).nullish(),
  }),
  annotations,
  plain_text: z.string().optional(),
  href: z.string().nullish(),
});

/** What a write may give as rich text. */
export const richText = z.array(textItem).max(100);

/** Rich text as it is kept; empty pieces vanish. */
export function toItems(input: z.infer<typeof richText>): RichTextItem[] {
  return input
    .filter(({ text }) => text.content !== '')
    .map(({ text: { content, link }, annotations }) => ({
      type: 'text',
      text: { content, link: link ? { url: link.url } : null },
      annotations,
      plain_text: content,
      href: link?.url ?? null,
    }));
}

/** Plain words as rich text, in pieces of at most 2000 characters that split no surrogate pair. */
export function textItems(words: string): RichTextItem[] {
  const pieces = words.match(/.{1,1000}/gsu) ?? [];
  return toItems(richText.element.array().parse(pieces.map((content) => ({ text: { content } }))));
}

export function plainText(items: RichTextItem[]): string {
  return items.map((item) => item.plain_text).join('');
}

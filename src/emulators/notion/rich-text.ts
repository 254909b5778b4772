import { z } from 'zod';
import { id } from './check.ts';
import { dateInput, dateValue } from './dates.ts';
import type { RichTextItem } from './model.ts';

const hues = ['gray', 'brown', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'red'] as const;
export const textColor = z.enum(['default', ...hues, 'default_background', ...hues.map((hue) => `${hue}_background`)]);

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
const echoes = { annotations, plain_text: z.string().optional(), href: z.string().nullish() };

const textItem = z.strictObject({
  type: z.literal('text').optional(),
  text: z.strictObject({
    content: z.string().max(2000),
    link: z.strictObject({ type: z.literal('url').optional(), url: z.string().min(1).max(2000) }).nullish(),
  }),
  ...echoes,
});

const equationItem = z.strictObject({
  type: z.literal('equation').optional(),
  equation: z.strictObject({ expression: z.string().max(1000) }),
  ...echoes,
});

const mentionItem = z.strictObject({
  type: z.literal('mention').optional(),
  mention: z.union([
    z.strictObject({ type: z.literal('user').optional(), user: z.looseObject({ id }) }),
    z.strictObject({ type: z.literal('date').optional(), date: dateInput }),
  ]),
  ...echoes,
});

/** What a write may give as rich text. */
export const richText = z.array(z.union([textItem, equationItem, mentionItem])).max(100);

type RichTextInput = z.infer<typeof richText>;

/** Rich text as it is kept; empty pieces vanish. */
export function toItems(input: RichTextInput): RichTextItem[] {
  return input.map(toItem).filter((item) => item.plain_text !== '');
}

function toItem(input: RichTextInput[number]): RichTextItem {
  const item = (type: RichTextItem['type'], content: object, plain: string, href: string | null = null) => ({
    type,
    [type]: content,
    annotations: input.annotations,
    plain_text: plain,
    href,
  });
  if ('text' in input) {
    const { content, link } = input.text;
    return item('text', { content, link: link ? { url: link.url } : null }, content, link?.url);
  }
  if ('equation' in input) return item('equation', input.equation, input.equation.expression);
  if ('user' in input.mention) {
    return item('mention', { type: 'user', user: { object: 'user', id: input.mention.user.id } }, '@Anonymous');
  }
  const date = dateValue(input.mention.date);
  return item('mention', { type: 'date', date }, date.start);
}

/** Plain words as rich text, in pieces of at most 2000 characters that split no surrogate pair. */
export function textItems(words: string): RichTextItem[] {
  const pieces = words.match(/.{1,1000}/gsu) ?? [];
  return toItems(richText.element.array().parse(pieces.map((content) => ({ text: { content } }))));
}

export function plainText(items: RichTextItem[]): string {
  return items.map((item) => item.plain_text).join('');
}

import { describe, expect, it } from 'vitest';
import { checkLimits } from './notion-limits.ts';
import { id, words } from './samples.ts';

const value = (property: object) => ({ properties: { P: property } });
const files = (name: string) => value({ files: [{ file_upload: { id }, name }] });
const texts = (count: number) => ({ rich_text: Array.from({ length: count }, () => ({ text: { content: 'a' } })) });
const manyWords = (count: number) => ({
  properties: Object.fromEntries(Array.from({ length: count }, (_, index) => [`P${index}`, words('w'.repeat(1800))])),
});
const nested = { paragraph: { rich_text: [], children: Array.from({ length: 9 }, () => ({ divider: {} })) } };

const good: [string, Record<string, unknown>][] = [
  ['2000 characters', value(words('w'.repeat(2000)))],
  ['an empty text', value(words(''))],
  ['100 texts', value(texts(100))],
  ['no text', value({ rich_text: [] })],
  ['a file name of 100 characters', files('a'.repeat(100))],
  ['a select', value({ select: { name: 'flux' } })],
  ['no select', value({ select: null })],
  ['a comma in a status', value({ status: { name: 'a,b' } })],
  ['a new option with its colour', value({ select: { options: [{ name: 'flux', color: 'blue' }] } })],
  ['a day', value({ date: { start: '2026-11-21' } })],
  ['a time', value({ date: { start: '2026-11-21T10:00:00.000Z', end: null } })],
  ['a property that goes', { properties: { Gone: null } }],
  ['1000 blocks', { children: Array.from({ length: 100 }, () => nested) }],
  ['an upload in parts', { filename: 'a'.repeat(900), number_of_parts: 10_000 }],
];

const bad: [string, Record<string, unknown>, string][] = [
  [
    '2001 characters',
    value(words('w'.repeat(2001))),
    'body.properties.P.rich_text[0].text.content has 2001 characters, not 0 to 2000',
  ],
  [
    '1001 emoji of two units each',
    value(words('🎨'.repeat(1001))),
    'body.properties.P.rich_text[0].text.content has 2002 characters, not 0 to 2000',
  ],
  ['101 texts', value(texts(101)), 'body.properties.P.rich_text has 101 items, more than 100'],
  ['an empty url', value({ url: '' }), 'body.properties.P.url has 0 characters, not 1 to 2000'],
  [
    'a long url',
    { cover: { external: { url: 'u'.repeat(2001) } } },
    'body.cover.external.url has 2001 characters, not 1 to 2000',
  ],
  [
    'a long telephone number',
    value({ phone_number: '1'.repeat(201) }),
    'body.properties.P.phone_number has 201 characters, not 1 to 200',
  ],
  ['an empty file name', files(''), 'body.properties.P.files[0].name has 0 characters, not 1 to 100'],
  ['a long file name', files('a'.repeat(101)), 'body.properties.P.files[0].name has 101 characters, not 1 to 100'],
  ['a comma in a select', value({ select: { name: 'a,b' } }), 'body.properties.P.select.name has a comma'],
  [
    'a comma in a multi-select',
    value({ multi_select: [{ name: 'a' }, { name: 'a,b' }] }),
    'body.properties.P.multi_select[1].name has a comma',
  ],
  [
    'a comma in a new option',
    value({ multi_select: { options: [{ name: 'a,b' }] } }),
    'body.properties.P.multi_select.options[0].name has a comma',
  ],
  [
    'a comma in an option of a new database',
    { initial_data_source: value({ select: { options: [{ name: 'a,b' }] } }) },
    'body.initial_data_source.properties.P.select.options[0].name has a comma',
  ],
  [
    'a colour with a select',
    value({ select: { name: 'a', color: 'red' } }),
    "body.properties.P.select.color is refused when it is not the option's own",
  ],
  [
    'a colour with a status',
    value({ status: { name: 'a', color: 'red' } }),
    "body.properties.P.status.color is refused when it is not the option's own",
  ],
  ['an empty option', value({ select: { name: '' } }), 'body.properties.P.select.name has 0 characters, not 1 to 2000'],
  ['a status of null', value({ status: null }), 'body.properties.P.status is null, which does not empty it'],
  [
    'a date for people',
    value({ date: { start: '2022/01/02' } }),
    'body.properties.P.date.start is "2022/01/02", not an ISO 8601 date',
  ],
  [
    'an end that is no date',
    value({ date: { start: '2026-11-21', end: '2026-11-21T' } }),
    'body.properties.P.date.end is "2026-11-21T", not an ISO 8601 date',
  ],
  ['too many bytes', manyWords(280), 'body has 517066 bytes, more than 500000'],
  [
    '1001 blocks',
    { children: [{ toggle: { children: Array.from({ length: 100 }, () => nested) } }] },
    'body has 1001 blocks, more than 1000',
  ],
  ['a long upload name', { filename: 'ä'.repeat(451) }, 'body.filename has 902 bytes, not 1 to 900'],
  ['an empty upload name', { filename: '' }, 'body.filename has 0 bytes, not 1 to 900'],
  ['half a part', { number_of_parts: 1.5 }, 'body.number_of_parts is 1.5, not a whole number from 1 to 10000'],
  ['too many parts', { number_of_parts: 10_001 }, 'body.number_of_parts is 10001, not a whole number from 1 to 10000'],
];

describe('checkLimits', () => {
  it.each(good)('lets %s pass', (_, body) => {
    expect(checkLimits(body)).toEqual([]);
  });

  it.each(bad)('tells of %s', (_, body, problem) => {
    expect(checkLimits(body)).toEqual([problem]);
  });
});

import { z } from 'zod';
import { check, exactlyOne, refused } from './check.ts';
import { dateTests, isoDate } from './dates.ts';
import { invalid } from './errors.ts';
import type { DataSource, Property, PropertyType } from './model.ts';
import { plainCell, requireProperty, type Row } from './property-cells.ts';
import type { PlainContent } from './property-kinds.ts';

export type RowTest = (row: Row) => boolean;

const node = z.looseObject({
  and: z.array(z.unknown()).max(100).optional(),
  or: z.array(z.unknown()).max(100).optional(),
  property: z.string().optional(),
  timestamp: z.enum(['created_time', 'last_edited_time']).optional(),
  type: z.string().optional(),
});

/** Turns a query's filter into a test of rows. */
export function compileFilter(filter: unknown, source: DataSource, place = 'body.filter'): RowTest {
  const { and, or, property: key, timestamp, type: _type, ...rest } = check(node, filter, place);
  const [kind = 'title', extra] = Object.keys(rest);
  if (and || or) {
    const unwanted = and && or ? 'or' : key === undefined ? Object.keys(rest)[0] : 'property';
    if (unwanted !== undefined) throw refused(place, `${place}.${unwanted} should be not present.`);
    return compileGroup(and ?? [], or, source, `${place}.${and ? 'and' : 'or'}`);
  }
  if (extra !== undefined) throw refused(place, `${place}.${extra} should be not present.`);
  if (timestamp !== undefined) {
    const { test } = readCondition('date', rest[timestamp], `${place}.${timestamp}`);
    return ({ page, version }) =>
      test(new Date(timestamp === 'created_time' ? page.createdAt : version.editedAt).toISOString());
  }
  if (key === undefined) throw refused(place, `${place}.property should be defined, instead was \`undefined\`.`);
  const property = requireProperty(source.properties, key);
  if (kind !== property.type) throw invalid(`database property ${property.type} does not match filter ${kind}`);
  const { test, names } = readCondition(property.type, rest[kind], `${place}.${kind}`);
  requireOptions(property, names);
  return (row) => test(plainCell(row, property));
}

function compileGroup(and: unknown[], or: unknown[] | undefined, source: DataSource, place: string): RowTest {
  const tooDeep = place.split(/\.(?:and|or)/).length > 3;
  if (tooDeep) throw refused(place, `${place} should be nested at most two levels deep.`);
  const tests = (or ?? and).map((part, index) => compileFilter(part, source, `${place}[${index}]`));
  return or ? (row) => tests.some((test) => test(row)) : (row) => tests.every((test) => test(row));
}

/** Whether Notion refuses a name that no option has is not known (2026-11); the stricter way shows the mistake. */
function requireOptions({ type, name, options }: Property, names: string[]): void {
  if (type !== 'select' && type !== 'status' && type !== 'multi_select') return;
  const unknown = names.find((each) => !options.some((option) => option.name === each));
  if (unknown !== undefined) throw invalid(`${type} option "${unknown}" not found for property "${name}".`);
}

const presence = { is_empty: z.literal(true).optional(), is_not_empty: z.literal(true).optional() };
const words = z.string().optional();
const names = z.union([z.string(), z.array(z.string()).min(1).max(100)]).optional();
const number = z.number().optional();
const flag = z.boolean().optional();
const point = isoDate.optional();

function operators<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape).superRefine(exactlyOne(Object.keys(shape)));
}

const text = operators({
  equals: words,
  does_not_equal: words,
  contains: words,
  does_not_contain: words,
  starts_with: words,
  ends_with: words,
  ...presence,
});
const amount = operators({
  equals: number,
  does_not_equal: number,
  greater_than: number,
  less_than: number,
  greater_than_or_equal_to: number,
  less_than_or_equal_to: number,
  ...presence,
});
const choice = operators({ equals: names, does_not_equal: names, ...presence });
const time = operators({
  equals: point,
  before: point,
  after: point,
  on_or_before: point,
  on_or_after: point,
  ...presence,
});

const schemas = {
  title: text,
  rich_text: text,
  url: text,
  number: amount,
  checkbox: operators({ equals: flag, does_not_equal: flag }),
  select: choice,
  status: choice,
  multi_select: operators({ contains: names, does_not_contain: names, ...presence }),
  files: operators(presence),
  date: time,
} satisfies Record<PropertyType, z.ZodType>;

type Test = (value: PlainContent) => boolean;

/** Checks the condition for a column of this type, and answers with the names in it and the test. */
function readCondition(type: PropertyType, condition: unknown, place: string): { names: string[]; test: Test } {
  const parsed: Record<string, unknown> = check<z.ZodType<Record<string, unknown>>>(schemas[type], condition, place);
  const [[operator, operand] = ['is_empty', true]] = Object.entries(parsed);
  const timeTest = type === 'date' ? dateTests[operator]?.(String(operand)) : undefined;
  // Times are compared to the minute, as pages show them.
  const test: Test = timeTest
    ? (value) => typeof value === 'string' && timeTest(Math.floor(Date.parse(value) / 60_000) * 60_000)
    : (value) => compare(operator, value, operand);
  return { names: [operand].flat().filter((name) => typeof name === 'string'), test };
}

function compare(operator: string, value: PlainContent, operand: unknown): boolean {
  switch (operator) {
    case 'equals':
      return [operand].flat().includes(value ?? '');
    case 'contains':
      return Array.isArray(value)
        ? [operand].flat().some((name) => value.some((each) => each === name))
        : folded(value).includes(folded(operand));
    case 'starts_with':
      return folded(value).startsWith(folded(operand));
    case 'ends_with':
      return folded(value).endsWith(folded(operand));
    case 'greater_than':
      return typeof value === 'number' && value > Number(operand);
    case 'less_than':
      return typeof value === 'number' && value < Number(operand);
    case 'greater_than_or_equal_to':
      return typeof value === 'number' && value >= Number(operand);
    case 'less_than_or_equal_to':
      return typeof value === 'number' && value <= Number(operand);
    case 'does_not_equal':
      return !compare('equals', value, operand);
    case 'does_not_contain':
      return !compare('contains', value, operand);
    case 'is_not_empty':
      return !compare('is_empty', value, operand);
    default:
      return value === null || value === '' || (Array.isArray(value) && value.length === 0);
  }
}

function folded(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : '';
}

import { z } from 'zod';
import { check, exactlyOne } from './check.ts';
import { dateTest, isDatePoint } from './date-spans.ts';
import type { PropertyType } from './model.ts';
import type { PlainContent } from './property-kinds.ts';

const presence = { is_empty: z.literal(true).optional(), is_not_empty: z.literal(true).optional() };
const none = z.strictObject({}).optional();
const words = z.string().optional();
const names = z.union([z.string(), z.array(z.string()).min(1).max(100)]).optional();
const number = z.number().optional();
const flag = z.boolean().optional();
const point = z.string().refine(isDatePoint, 'should be a valid ISO 8601 date string').optional();

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
const list = operators({ contains: names, does_not_contain: names, ...presence });
const time = operators({
  equals: point,
  before: point,
  after: point,
  on_or_before: point,
  on_or_after: point,
  this_week: none,
  past_week: none,
  past_month: none,
  past_year: none,
  next_week: none,
  next_month: none,
  next_year: none,
  ...presence,
});

const schemas = {
  title: text,
  rich_text: text,
  url: text,
  email: text,
  phone_number: text,
  number: amount,
  unique_id: amount,
  checkbox: operators({ equals: flag, does_not_equal: flag }),
  select: choice,
  status: choice,
  multi_select: list,
  people: list,
  created_by: list,
  last_edited_by: list,
  files: operators(presence),
  date: time,
  created_time: time,
  last_edited_time: time,
} satisfies Record<PropertyType, z.ZodType>;

/** A filter's condition, checked. */
export interface Condition {
  /** The names of options or people that it speaks of. */
  names: string[];
  test: (value: PlainContent) => boolean;
}

/** Checks the condition for a column of this type. `place` is where it stands, such as `body.filter.status`. */
export function readCondition(type: PropertyType, condition: unknown, now: number, place: string): Condition {
  const parsed: Record<string, unknown> = check<z.ZodType<Record<string, unknown>>>(schemas[type], condition, place);
  const [[operator, operand] = ['is_empty', true]] = Object.entries(parsed);
  const isTime = schemas[type] === time && !(operator in presence);
  const test = isTime ? timeTest(operator, operand, now) : (value: PlainContent) => compare(operator, value, operand);
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

/** Times are compared to the minute, as pages show them. */
function timeTest(operator: string, operand: unknown, now: number): Condition['test'] {
  const test = dateTest(operator, typeof operand === 'string' ? operand : '', now);
  return (value) => typeof value === 'string' && test(Math.floor(Date.parse(value) / 60_000) * 60_000);
}

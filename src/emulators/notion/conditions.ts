import { z } from 'zod';
import { exactlyOne } from './check.ts';
import { dateTest, isDatePoint } from './date-spans.ts';

/** Does a cell's plain value meet the condition? */
export type Test<Value> = (value: Value) => boolean;

const presence = { is_empty: z.literal(true).optional(), is_not_empty: z.literal(true).optional() };
const none = z.strictObject({}).optional();
const words = z.string().optional();
const choice = z.union([z.string(), z.array(z.string()).min(1).max(100)]).optional();
const number = z.number().optional();
const point = z.string().refine(isDatePoint, 'should be a valid ISO 8601 date string').optional();

function operators<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape).superRefine(exactlyOne(Object.keys(shape)));
}

export const filesCondition = operators(presence);
export const checkboxCondition = operators({ equals: z.boolean().optional(), does_not_equal: z.boolean().optional() });
export const choiceCondition = operators({ equals: choice, does_not_equal: choice, ...presence });
export const listCondition = operators({ contains: choice, does_not_contain: choice, ...presence });
export const textCondition = operators({
  equals: words,
  does_not_equal: words,
  contains: words,
  does_not_contain: words,
  starts_with: words,
  ends_with: words,
  ...presence,
});
export const numberCondition = operators({
  equals: number,
  does_not_equal: number,
  greater_than: number,
  less_than: number,
  greater_than_or_equal_to: number,
  less_than_or_equal_to: number,
  ...presence,
});
export const dateCondition = operators({
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

export function filesTest(condition: z.infer<typeof filesCondition>): Test<number> {
  return (count) => (condition.is_empty ? count === 0 : count > 0);
}

export function checkboxTest(condition: z.infer<typeof checkboxCondition>): Test<boolean> {
  return (checked) =>
    condition.equals === undefined ? checked !== condition.does_not_equal : checked === condition.equals;
}

/** The names a choice condition speaks of. */
export function namesIn(condition: { [operator: string]: unknown }): string[] {
  return Object.values(condition)
    .flat()
    .filter((name) => typeof name === 'string');
}

export function choiceTest(condition: z.infer<typeof choiceCondition>): Test<string | null> {
  const names = new Set(namesIn(condition));
  if (condition.is_empty) return (name) => name === null;
  if (condition.is_not_empty) return (name) => name !== null;
  if (condition.equals !== undefined) return (name) => name !== null && names.has(name);
  return (name) => name === null || !names.has(name);
}

export function listTest(condition: z.infer<typeof listCondition>): Test<string[]> {
  const names = new Set(namesIn(condition));
  if (condition.is_empty) return (list) => list.length === 0;
  if (condition.is_not_empty) return (list) => list.length > 0;
  if (condition.contains !== undefined) return (list) => list.some((name) => names.has(name));
  return (list) => !list.some((name) => names.has(name));
}

const folded = (text: string) => text.toLowerCase();

export function textTest(condition: z.infer<typeof textCondition>): Test<string> {
  const { equals, does_not_equal, contains, does_not_contain, starts_with, ends_with } = condition;
  if (equals !== undefined) return (text) => text === equals;
  if (does_not_equal !== undefined) return (text) => text !== does_not_equal;
  if (contains !== undefined) return (text) => folded(text).includes(folded(contains));
  if (does_not_contain !== undefined) return (text) => !folded(text).includes(folded(does_not_contain));
  if (starts_with !== undefined) return (text) => folded(text).startsWith(folded(starts_with));
  if (ends_with !== undefined) return (text) => folded(text).endsWith(folded(ends_with));
  return (text) => (text === '') === (condition.is_empty === true);
}

export function numberTest(condition: z.infer<typeof numberCondition>): Test<number | null> {
  const { equals, does_not_equal, greater_than, less_than, greater_than_or_equal_to, less_than_or_equal_to } =
    condition;
  if (equals !== undefined) return (value) => value === equals;
  if (does_not_equal !== undefined) return (value) => value !== does_not_equal;
  if (greater_than !== undefined) return (value) => value !== null && value > greater_than;
  if (less_than !== undefined) return (value) => value !== null && value < less_than;
  if (greater_than_or_equal_to !== undefined) return (value) => value !== null && value >= greater_than_or_equal_to;
  if (less_than_or_equal_to !== undefined) return (value) => value !== null && value <= less_than_or_equal_to;
  return (value) => (value === null) === (condition.is_empty === true);
}

export function timeTest(condition: z.infer<typeof dateCondition>, now: number): Test<number | null> {
  if (condition.is_empty) return (value) => value === null;
  if (condition.is_not_empty) return (value) => value !== null;
  const test = dateTest(condition, now);
  return (value) => value !== null && test(value);
}

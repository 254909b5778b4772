import { isoDate } from './dates.ts';

const dayMs = 24 * 60 * 60_000;

type Span = { from: number; to: number };

const relativeDays: Record<string, number> = {
  today: 0,
  tomorrow: 1,
  yesterday: -1,
  one_week_ago: -7,
  one_week_from_now: 7,
};
const relativeMonths: Record<string, number> = { one_month_ago: -1, one_month_from_now: 1 };

/** A day, an instant, or one of Notion's relative words. */
export function isDatePoint(value: string): boolean {
  return value in relativeDays || value in relativeMonths || isoDate.safeParse(value).success;
}

type Operator = 'equals' | 'before' | 'after' | 'on_or_before' | 'on_or_after';
type Condition = { [Key in Operator]?: string | undefined } & { [span: string]: unknown };

/** Compares a time in ms with the condition; a day stands for all its instants, in UTC. */
export function dateTest(condition: Condition, now: number): (value: number) => boolean {
  const { equals, before, after, on_or_before, on_or_after } = condition;
  if (equals !== undefined) return within(spanOf(equals, now));
  if (before !== undefined) return less(spanOf(before, now).from);
  if (on_or_before !== undefined) return less(spanOf(on_or_before, now).to);
  if (after !== undefined) return atLeast(spanOf(after, now).to);
  if (on_or_after !== undefined) return atLeast(spanOf(on_or_after, now).from);
  return within(spanAround(Object.keys(condition)[0] ?? '', now));
}

const within = (span: Span) => (value: number) => value >= span.from && value < span.to;
const less = (limit: number) => (value: number) => value < limit;
const atLeast = (limit: number) => (value: number) => value >= limit;

function spanOf(point: string, now: number): Span {
  const days = relativeDays[point];
  const months = relativeMonths[point];
  if (days !== undefined) return dayOf(now + days * dayMs);
  if (months !== undefined) return dayOf(plusMonths(now, months));
  const from = Date.parse(point);
  return point.includes('T') ? { from, to: from + 1 } : dayOf(from);
}

function dayOf(instant: number): Span {
  const from = Math.floor(instant / dayMs) * dayMs;
  return { from, to: from + dayMs };
}

function plusMonths(instant: number, months: number): number {
  const date = new Date(instant);
  return date.setUTCMonth(date.getUTCMonth() + months);
}

function spanAround(word: string, now: number): Span {
  const today = dayOf(now);
  switch (word) {
    case 'past_week':
      return { from: today.from - 7 * dayMs, to: today.to };
    case 'past_month':
      return { from: plusMonths(today.from, -1), to: today.to };
    case 'past_year':
      return { from: plusMonths(today.from, -12), to: today.to };
    case 'next_week':
      return { from: today.from, to: today.to + 7 * dayMs };
    case 'next_month':
      return { from: today.from, to: plusMonths(today.to, 1) };
    case 'next_year':
      return { from: today.from, to: plusMonths(today.to, 12) };
    default: {
      const from = today.from - new Date(now).getUTCDay() * dayMs;
      return { from, to: from + 7 * dayMs };
    }
  }
}

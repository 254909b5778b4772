import { isoDate } from './dates.ts';

const dayMs = 24 * 60 * 60_000;

type Span = { from: number; to: number };
type Shift = { days?: number; months?: number };

/** Days that are named by how far off they are. */
const namedDays: Readonly<Record<string, Shift>> = {
  today: {},
  tomorrow: { days: 1 },
  yesterday: { days: -1 },
  one_week_ago: { days: -7 },
  one_week_from_now: { days: 7 },
  one_month_ago: { months: -1 },
  one_month_from_now: { months: 1 },
};

/** Spans around today: how far its beginning and its end are moved. */
const namedSpans: Readonly<Record<string, readonly [Shift, Shift]>> = {
  past_week: [{ days: -7 }, {}],
  past_month: [{ months: -1 }, {}],
  past_year: [{ months: -12 }, {}],
  next_week: [{}, { days: 7 }],
  next_month: [{}, { months: 1 }],
  next_year: [{}, { months: 12 }],
};

/** A day, an instant, or one of Notion's relative words. */
export function isDatePoint(value: string): boolean {
  return value in namedDays || isoDate.safeParse(value).success;
}

/** Compares a time in ms by the operator; a day stands for all its instants, in UTC. */
export function dateTest(operator: string, point: string, now: number): (value: number) => boolean {
  switch (operator) {
    case 'equals':
      return within(spanOf(point, now));
    case 'before':
      return within({ from: -Infinity, to: spanOf(point, now).from });
    case 'on_or_before':
      return within({ from: -Infinity, to: spanOf(point, now).to });
    case 'after':
      return within({ from: spanOf(point, now).to, to: Infinity });
    case 'on_or_after':
      return within({ from: spanOf(point, now).from, to: Infinity });
    default:
      return within(spanNamed(operator, now));
  }
}

const within = (span: Span) => (value: number) => value >= span.from && value < span.to;

function spanOf(point: string, now: number): Span {
  const shift = namedDays[point];
  if (shift) return dayOf(shifted(now, shift));
  const from = Date.parse(point);
  return point.includes('T') ? { from, to: from + 1 } : dayOf(from);
}

function spanNamed(word: string, now: number): Span {
  const today = dayOf(now);
  const shifts = namedSpans[word];
  if (shifts) return { from: shifted(today.from, shifts[0]), to: shifted(today.to, shifts[1]) };
  const sunday = today.from - new Date(now).getUTCDay() * dayMs;
  return { from: sunday, to: sunday + 7 * dayMs };
}

function dayOf(instant: number): Span {
  const from = Math.floor(instant / dayMs) * dayMs;
  return { from, to: from + dayMs };
}

function shifted(instant: number, { days = 0, months = 0 }: Shift): number {
  const date = new Date(instant + days * dayMs);
  return date.setUTCMonth(date.getUTCMonth() + months);
}

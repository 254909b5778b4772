import { z } from 'zod';
import type { DateValue, Stamps } from './model.ts';

const minuteMs = 60_000;
const isoPattern = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** A day or an instant in ISO 8601. */
export const isoDate = z
  .string()
  .refine(
    (value) => isoPattern.test(value) && !Number.isNaN(Date.parse(value)),
    'should be a valid ISO 8601 date string',
  );

/** A date as a write gives it; zones other than the offset in `start` are not served. */
export const dateInput = z.strictObject({ start: isoDate, end: isoDate.nullish(), time_zone: z.null().optional() });

/** A time stamp as the API shows it: rounded down to the minute. */
export function minuteStamp(ms: number): string {
  return new Date(Math.floor(ms / minuteMs) * minuteMs).toISOString();
}

/** Who made and last edited a thing, and when, as the API shows it. */
export function showStamps({ createdAt, createdBy, editedAt, editedBy }: Stamps) {
  return {
    created_time: minuteStamp(createdAt),
    last_edited_time: minuteStamp(editedAt),
    created_by: partialUser(createdBy),
    last_edited_by: partialUser(editedBy),
  };
}

function partialUser(id: string): { object: 'user'; id: string } {
  return { object: 'user', id };
}

/** Instants are kept to the minute, with a numeric offset. */
export function dateValue(input: z.infer<typeof dateInput>): DateValue {
  return { start: normalized(input.start), end: input.end ? normalized(input.end) : null, time_zone: null };
}

function normalized(value: string): string {
  const [, day = '', time, offset = 'Z'] = isoPattern.exec(value) ?? [];
  return time === undefined ? day : `${day}T${time}:00.000${offset === 'Z' ? '+00:00' : offset}`;
}

const dayMs = 24 * 60 * minuteMs;
/** Tests of a time in ms against a day or an instant; a day stands for all its instants, in UTC. */
export const dateTests: Readonly<Record<string, (point: string) => (value: number) => boolean>> = {
  equals: (point) => (value) => value >= startOf(point) && value < endOf(point),
  before: (point) => (value) => value < startOf(point),
  on_or_before: (point) => (value) => value < endOf(point),
  after: (point) => (value) => value >= endOf(point),
  on_or_after: (point) => (value) => value >= startOf(point),
};

const startOf = (point: string) => Date.parse(point);
const endOf = (point: string) => startOf(point) + (point.includes('T') ? 1 : dayMs);

import { z } from 'zod';
import { type ApiError } from './errors.ts';
import { check, id, refused } from './check.ts';
import type { Workspace } from './workspace.ts';

export const versions = ['2025-09-03', '2026-03-11'] as const;
export type Version = (typeof versions)[number];

/** A write: what it changes besides the thing itself is done only when the whole of it is accepted. */
export interface Edit {
  workspace: Workspace;
  effects: (() => void)[];
}

export function accept({ effects }: Edit): void {
  for (const effect of effects) effect();
}

/** One request, as far as every route needs it. */
export interface Call extends Edit {
  /** From the path; ids are dashed and lower-case. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** The parsed JSON, `{}` when there was none. */
  body: unknown;
  bytes: Uint8Array;
  contentType: string;
  version: Version;
}

export type Answer = Record<string, unknown>;
export type Handler = (call: Call) => Answer | Promise<Answer>;

/** One id from the path, which the router has checked. */
export function pathId(call: Call, name: string): string {
  return call.params[name] ?? '';
}

/** What an object says of being in the trash, in the words of the version. */
export function trashFlags({ version }: Call, inTrash: boolean): Answer {
  return version === '2025-09-03' ? { in_trash: inTrash, archived: inTrash } : { in_trash: inTrash };
}

/** The fields with which a write puts something in the trash; `archived` went with 2026-03-11. */
export function trashInput({ version }: Call) {
  const flag = z.boolean().optional();
  return { in_trash: flag, archived: version === '2025-09-03' ? flag : z.undefined().optional() };
}

export const pageFields = {
  start_cursor: id.nullish(),
  page_size: z.number().int().min(1).max(100).default(100),
};

const queryNumber = z.preprocess(
  (value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value),
  pageFields.page_size,
);

/** The query's paging, and whatever else the route takes there. */
export function checkQuery<Shape extends z.core.$ZodLooseShape>(call: Call, shape: Shape) {
  return check(z.strictObject(shape), Object.fromEntries(call.query), 'query');
}

export const pagingQuery = { start_cursor: id.optional(), page_size: queryNumber };

/** The columns that an answer is to be cut down to; undefined for all. */
export function filterProperties(call: Call): string[] | undefined {
  const names = [...call.query.getAll('filter_properties'), ...call.query.getAll('filter_properties[]')];
  const unknown = [...call.query.keys()].find((key) => !/^filter_properties(\[\d*\])?$/.test(key));
  if (unknown !== undefined) throw refused('query', `query.${unknown} should be not present.`);
  return names.length > 0 ? names : undefined;
}

/** A list answer. */
export function listOf(type: string, results: Answer[], nextCursor: string | null = null): Answer {
  return { object: 'list', results, next_cursor: nextCursor, has_more: nextCursor !== null, type, [type]: {} };
}

interface Paging {
  start_cursor?: string | null | undefined;
  page_size: number;
}

/** One page of a list, each thing shown; a cursor is the id of the first thing on the page. */
export function listPage<Thing extends { id: string }>(
  type: string,
  things: Thing[],
  { start_cursor: cursor, page_size: size }: Paging,
  show: (thing: Thing) => Answer,
): Answer {
  const from = cursor ? things.findIndex((thing) => thing.id === cursor) : 0;
  if (from < 0) throw staleCursor(cursor);
  return listOf(type, things.slice(from, from + size).map(show), things[from + size]?.id);
}

export function staleCursor(cursor: unknown): ApiError {
  return refused('body', `The start_cursor provided is invalid: ${String(cursor)}`);
}

import { z } from 'zod';
import type { ApiError } from './errors.ts';
import { id, refused } from './check.ts';
import type { Workspace } from './workspace.ts';

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
}

export type Answer = Record<string, unknown>;
export type Handler = (call: Call) => Answer | Promise<Answer>;

/** One id from the path, which the router has checked. */
export function pathId(call: Call, name: string): string {
  return call.params[name] ?? '';
}

export const pageFields = {
  start_cursor: id.nullish(),
  page_size: z.number().int().min(1).max(100).default(100),
};

/** The columns that an answer is to be cut down to; undefined for all. */
export function filterProperties(call: Call): string[] | undefined {
  const names = [...call.query.getAll('filter_properties'), ...call.query.getAll('filter_properties[]')];
  const unknown = [...call.query.keys()].find((key) => !/^filter_properties(\[\d*\])?$/.test(key));
  if (unknown !== undefined) throw refused('query', `query.${unknown} should be not present.`);
  return names.length > 0 ? names : undefined;
}

/** A list of pages; a cursor is the id of the first one on the next page of the list. */
export function listOf(results: Answer[], nextCursor: string | undefined): Answer {
  const type = 'page_or_data_source';
  const more = { next_cursor: nextCursor ?? null, has_more: nextCursor !== undefined };
  return { object: 'list', results, ...more, type, [type]: {} };
}

export function staleCursor(cursor: unknown): ApiError {
  return refused('body', `The start_cursor provided is invalid: ${String(cursor)}`);
}

import { z } from 'zod';
import type { BoardFacts } from '../../core/board.ts';
import { lenient } from '../../lib/json.ts';

/** Ids that mark a notice as being about our board, dashed or not. */
export type NoticeBoard = BoardFacts['ids'];

const id = z.string().min(1).max(200);

/**
 * What is read of an event that Notion signs (developers.notion.com, webhooks, 2026-11). What does not look as expected is
 * left out, and then decides nothing.
 */
export const noticeEvent = z.object({
  id,
  type: z.string().max(200),
  timestamp: lenient(z.string()),
  entity: lenient(z.object({ id })),
  authors: lenient(z.array(z.object({ id }))),
  data: lenient(
    z.object({
      parent: lenient(z.object({ id: lenient(id), type: lenient(z.string()), data_source_id: lenient(id) })),
      updated_properties: lenient(z.array(z.string())),
    }),
  ),
});

export type NoticeEvent = z.infer<typeof noticeEvent>;

/** What is read of a button's or an automation's request, which carries the whole page. */
export const automationNotice = z.object({
  source: lenient(z.object({ event_id: lenient(id) })),
  data: lenient(z.object({ id: lenient(id), parent: lenient(z.object({ data_source_id: lenient(id) })) })),
});

/** Events after which a row may stand at Needs image that did not before. */
const relevantTypes = new Set(['page.created', 'page.properties_updated', 'page.undeleted', 'page.moved']);

/** Notion's last retry comes about a day after the first try (2026-11). */
export const noticeLifeMs = 24 * 3_600_000;

/** Why an event says nothing of a row to serve, in words; undefined when it may. `board` is undefined while nothing is known of it. */
export function reasonToDrop(event: NoticeEvent, board: NoticeBoard | undefined, now: number): string | undefined {
  const { type, timestamp, authors = [], data } = event;
  if (timestamp !== undefined && now - Date.parse(timestamp) > noticeLifeMs) return 'it is older than a day';
  if (!relevantTypes.has(type)) return `events of the type ${type} are of no interest`;
  if (!board) return undefined;
  const { bot, dataSource, status } = board;
  if (bot !== undefined && authors.length > 0 && authors.every((author) => isSameId(author.id, bot))) {
    return 'it tells of an edit by this worker itself';
  }
  const source = dataSourceOf(data?.parent);
  if (source !== undefined && !isSameId(source, dataSource)) return 'its page is not in the board';
  const updated = type === 'page.properties_updated' ? data?.updated_properties : undefined;
  if (updated && !updated.some((property) => isSameProperty(property, status))) return 'Status was not changed';
  return undefined;
}

/** The id of the parent that could be our table; undefined when a database is named, which may hold several tables. */
function dataSourceOf(parent: NonNullable<NoticeEvent['data']>['parent']): string | undefined {
  if (parent?.data_source_id !== undefined) return parent.data_source_id;
  return parent?.type === undefined || parent.type === 'database' ? undefined : parent.id;
}

/** Are they the same uuid, with or without dashes? */
export function isSameId(one: string, other: string): boolean {
  return plainId(one) === plainId(other);
}

function plainId(text: string): string {
  return text.replaceAll('-', '').toLowerCase();
}

/** Notion's answers show the ids of properties URL-encoded, and its events need not. */
function isSameProperty(one: string, other: string): boolean {
  return one === other || decoded(one) === other || one === decoded(other);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

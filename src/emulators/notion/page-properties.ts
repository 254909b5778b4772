import { z } from 'zod';
import { type Answer, type Call, checkQuery, listOf, pagingQuery, pathId, staleCursor } from './call.ts';
import { invalid } from './errors.ts';
import { columnsOf } from './page-output.ts';
import { partialUser, showValue } from './property-output.ts';
import { findProperty, valueOf } from './property-cells.ts';
import type { Workspace } from './workspace.ts';

const cursorQuery = { ...pagingQuery, start_cursor: z.string().optional() };

/** GET /v1/pages/{id}/properties/{property}: lists for text and people, a single item for the rest. */
export function retrievePageProperty(call: Call, workspace: Workspace): Answer {
  const page = workspace.page(pathId(call, 'page_id'));
  const key = pathId(call, 'property_id');
  const { start_cursor: cursor, page_size: size } = checkQuery(call, cursorQuery);
  const property = findProperty(columnsOf(page), key);
  if (property === undefined) throw invalid(`Could not find property with name or id: ${key}`);
  const { id, type } = property;
  const value = valueOf(page.current, property);
  const parts = 'items' in value ? value.items : value.type === 'people' ? value.ids.map(partialUser) : undefined;
  if (parts === undefined) return { object: 'property_item', ...showValue(page, page.current, property, workspace) };

  const from = cursor === undefined ? 0 : Number(cursor);
  if (!Number.isInteger(from) || from < 0 || from > parts.length) throw staleCursor(cursor);
  const to = from + size;
  const next = to < parts.length ? String(to) : null;
  const results = parts.slice(from, to).map((part) => ({ object: 'property_item', id, type, [type]: part }));
  const query = `page_size=${size}&start_cursor=${next}`;
  const nextUrl = next && `${workspace.origin}/v1/pages/${page.id}/properties/${id}?${query}`;
  return { ...listOf('property_item', results, next), property_item: { id, type, next_url: nextUrl, [type]: {} } };
}

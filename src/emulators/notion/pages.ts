import { z } from 'zod';
import { blocksInput, readBlocks } from './blocks.ts';
import {
  accept,
  type Answer,
  type Call,
  checkQuery,
  filterProperties,
  listOf,
  pagingQuery,
  pathId,
  staleCursor,
  trashFlags,
  trashInput,
} from './call.ts';
import { check, exactlyOne, id } from './check.ts';
import { showStamps } from './dates.ts';
import { invalid } from './errors.ts';
import { coverInput, iconInput, readCover, readIcon, showFile, showIcon } from './file-references.ts';
import { notionUrl } from './ids.ts';
import type { DataSource, Page, PageVersion, Property } from './model.ts';
import { propertiesInput, readProperties, requireProperty, type Row, showCell } from './property-cells.ts';
import type { Workspace } from './workspace.ts';

/** The only column of a page that is no row. */
export const plainPageColumns: Property[] = [
  { id: 'title', name: 'title', description: null, type: 'title', options: [], groups: [], format: '', prefix: null },
];

export function columnsOf(page: Page): Property[] {
  return page.dataSource?.properties ?? plainPageColumns;
}

/** A page as the API shows it, with the columns named or all. */
export function showPage(row: Row, call: Call, columns?: readonly string[]): Answer {
  const { page, version } = row;
  const { workspace } = call;
  const properties = columnsOf(page);
  const shown = columns ? columns.map((name) => requireProperty(properties, name)) : properties;
  return {
    object: 'page',
    id: page.id,
    ...showStamps({ ...page, ...version }),
    ...trashFlags(call, version.inTrash),
    is_archived: version.isArchived,
    is_locked: version.isLocked,
    parent: parentOf(page),
    properties: Object.fromEntries(shown.map((property) => [property.name, showCell(row, property, workspace)])),
    icon: showIcon(version.icon, workspace),
    cover: version.cover && showFile(version.cover, workspace),
    url: notionUrl(page.id),
    public_url: null,
  };
}

function parentOf(page: Page): Answer {
  if (page.dataSource) {
    return { type: 'data_source_id', data_source_id: page.dataSource.id, database_id: page.dataSource.database.id };
  }
  return page.parentPageId === undefined
    ? { type: 'workspace', workspace: true }
    : { type: 'page_id', page_id: page.parentPageId };
}

const parentInput = z
  .strictObject({
    type: z.enum(['data_source_id', 'database_id', 'page_id']).optional(),
    data_source_id: id.optional(),
    database_id: id.optional(),
    page_id: id.optional(),
  })
  .superRefine(exactlyOne(['data_source_id', 'database_id', 'page_id']));

const content = {
  properties: propertiesInput.default({}),
  icon: iconInput.nullish(),
  cover: coverInput.nullish(),
};
const createBody = z.strictObject({ parent: parentInput, ...content, children: blocksInput.default([]) });

/** POST /v1/pages */
export function createPage(call: Call): Answer {
  const { workspace } = call;
  const body = check(createBody, call.body);
  const columns = filterProperties(call);
  const home = homeOf(body.parent, workspace);
  const properties = 'dataSource' in home ? home.dataSource.properties : plainPageColumns;
  const values = readProperties(body.properties, properties, call);
  const appearance = {
    icon: body.icon ? readIcon(body.icon, call) : null,
    cover: body.cover ? readCover(body.cover, call) : null,
  };
  const blocks = readBlocks(body.children, call);
  accept(call);
  const page = workspace.addPage(home, values, workspace.botId, appearance);
  page.blocks.push(...blocks);
  return showPage({ page, version: page.current }, call, columns);
}

function homeOf(
  parent: z.infer<typeof parentInput>,
  workspace: Workspace,
): { dataSource: DataSource } | { parentPageId: string } {
  if (parent.page_id !== undefined) return { parentPageId: workspace.page(parent.page_id).id };
  if (parent.data_source_id !== undefined) return { dataSource: workspace.dataSource(parent.data_source_id) };
  const database = workspace.database(parent.database_id ?? '');
  const [only, second] = database.dataSources;
  if (only === undefined || second !== undefined) {
    throw invalid('Databases with multiple data sources are not supported in this API version.', {
      error_type: 'multiple_data_sources_for_database',
      database_id: database.id,
      child_data_source_ids: database.dataSources.map((source) => source.id),
      minimum_api_version: '2025-09-03',
    });
  }
  return { dataSource: only };
}

/** GET /v1/pages/{id} */
export function retrievePage(call: Call): Answer {
  const page = call.workspace.page(pathId(call, 'page_id'));
  return showPage({ page, version: page.current }, call, filterProperties(call));
}

/** PATCH /v1/pages/{id} */
export function updatePage(call: Call): Answer {
  const { workspace } = call;
  const page = workspace.page(pathId(call, 'page_id'));
  const body = check(
    z.strictObject({
      ...content,
      is_locked: z.boolean().optional(),
      is_archived: z.boolean().optional(),
      erase_content: z.boolean().optional(),
      ...trashInput(call),
    }),
    call.body,
  );
  const columns = filterProperties(call);
  const inTrash = body.in_trash ?? body.archived;
  if (page.current.inTrash && inTrash === undefined) {
    throw invalid("Can't edit block that is archived. You must unarchive the block before editing.");
  }
  const values = readProperties(body.properties, columnsOf(page), call);
  const changes: Partial<PageVersion> = {
    ...(inTrash !== undefined && { inTrash }),
    ...(values.size > 0 && { values: new Map([...page.current.values, ...values]) }),
    ...(body.icon !== undefined && { icon: body.icon && readIcon(body.icon, call) }),
    ...(body.cover !== undefined && { cover: body.cover && readCover(body.cover, call) }),
    ...(body.is_locked !== undefined && { isLocked: body.is_locked }),
    ...(body.is_archived !== undefined && { isArchived: body.is_archived }),
  };
  accept(call);
  if (body.erase_content) page.blocks.length = 0;
  page.writes += 1;
  workspace.revise(page, changes, workspace.botId);
  return showPage({ page, version: page.current }, call, columns);
}

const cursorQuery = { ...pagingQuery, start_cursor: z.string().optional() };

/** GET /v1/pages/{id}/properties/{property}: lists for text and people, a single item for the rest. */
export function retrievePageProperty(call: Call): Answer {
  const { workspace } = call;
  const page = workspace.page(pathId(call, 'page_id'));
  const { start_cursor: cursor, page_size: size } = checkQuery(call, cursorQuery);
  const property = requireProperty(columnsOf(page), pathId(call, 'property_id'));
  const { id, type } = property;
  const cell = showCell({ page, version: page.current }, property, workspace);
  const parts = cell[type];
  if (!Array.isArray(parts) || (type !== 'title' && type !== 'rich_text' && type !== 'people')) {
    return { object: 'property_item', ...cell };
  }
  const from = cursor === undefined ? 0 : Number(cursor);
  if (!Number.isInteger(from) || from < 0 || from > parts.length) throw staleCursor(cursor);
  const next = from + size < parts.length ? String(from + size) : null;
  const results = parts.slice(from, from + size).map((part) => ({ object: 'property_item', id, type, [type]: part }));
  const query = `page_size=${size}&start_cursor=${next}`;
  const nextUrl = next && `${workspace.origin}/v1/pages/${page.id}/properties/${id}?${query}`;
  return { ...listOf('property_item', results, next), property_item: { id, type, next_url: nextUrl, [type]: {} } };
}

import { z } from 'zod';
import type { Effects } from './attach.ts';
import { blocksInput, readBlocks } from './blocks.ts';
import { type Answer, type Call, filterProperties, pathId, trashInput } from './call.ts';
import { check, exactlyOne, id } from './check.ts';
import { invalid } from './errors.ts';
import { coverInput, iconInput, readCover, readIcon } from './file-references.ts';
import type { DataSource, PageVersion } from './model.ts';
import { columnsOf, plainPageColumns, showPage } from './page-output.ts';
import { propertiesInput, readProperties } from './property-kinds.ts';
import type { Workspace } from './workspace.ts';

const parentInput = z
  .strictObject({
    type: z.enum(['data_source_id', 'database_id', 'page_id']).optional(),
    data_source_id: id.optional(),
    database_id: id.optional(),
    page_id: id.optional(),
  })
  .superRefine(exactlyOne(['data_source_id', 'database_id', 'page_id']));

const createBody = z.strictObject({
  parent: parentInput,
  properties: propertiesInput.default({}),
  icon: iconInput.nullish(),
  cover: coverInput.nullish(),
  children: blocksInput.default([]),
});

/** POST /v1/pages */
export function createPage(call: Call, workspace: Workspace): Answer {
  const body = check(createBody, call.body);
  const columns = filterProperties(call);
  const effects: Effects = [];
  const home = homeOf(body.parent, workspace);
  const properties = 'dataSource' in home ? home.dataSource.properties : plainPageColumns;
  const values = readProperties(body.properties, properties, workspace, effects);
  const dress = {
    icon: body.icon ? readIcon(body.icon, workspace, effects) : null,
    cover: body.cover ? readCover(body.cover, workspace, effects) : null,
  };
  const blocks = readBlocks(body.children, workspace, effects);
  for (const effect of effects) effect();
  const page = workspace.addPage(home, values, workspace.botId, dress);
  page.blocks.push(...blocks);
  return showPage(page, page.current, call.version, workspace, columns);
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
export function retrievePage(call: Call, workspace: Workspace): Answer {
  const page = workspace.page(pathId(call, 'page_id'));
  return showPage(page, page.current, call.version, workspace, filterProperties(call));
}

/** PATCH /v1/pages/{id} */
export function updatePage(call: Call, workspace: Workspace): Answer {
  const page = workspace.page(pathId(call, 'page_id'));
  const body = check(
    z.strictObject({
      properties: propertiesInput.default({}),
      icon: iconInput.nullish(),
      cover: coverInput.nullish(),
      is_locked: z.boolean().optional(),
      is_archived: z.boolean().optional(),
      erase_content: z.boolean().optional(),
      ...trashInput(call.version),
    }),
    call.body,
  );
  const columns = filterProperties(call);
  const inTrash = body.in_trash ?? body.archived;
  if (page.current.inTrash && inTrash === undefined) {
    throw invalid("Can't edit block that is archived. You must unarchive the block before editing.");
  }
  const effects: Effects = [];
  const values = readProperties(body.properties, columnsOf(page), workspace, effects);
  const changes: Partial<PageVersion> = inTrash === undefined ? {} : { inTrash };
  if (values.size > 0) changes.values = new Map([...page.current.values, ...values]);
  if (body.icon !== undefined) changes.icon = body.icon && readIcon(body.icon, workspace, effects);
  if (body.cover !== undefined) changes.cover = body.cover && readCover(body.cover, workspace, effects);
  if (body.is_locked !== undefined) changes.isLocked = body.is_locked;
  if (body.is_archived !== undefined) changes.isArchived = body.is_archived;
  for (const effect of effects) effect();
  if (body.erase_content) page.blocks.length = 0;
  page.writes += 1;
  workspace.revise(page, changes, workspace.botId);
  return showPage(page, page.current, call.version, workspace, columns);
}

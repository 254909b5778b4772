import { z } from 'zod';
import { type Answer, type Call, pathId } from './call.ts';
import { check, id } from './check.ts';
import { notionUrl } from './ids.ts';
import { addDataSource } from './data-sources.ts';
import { minuteStamp } from './dates.ts';
import type { Database, RichTextItem } from './model.ts';
import { plainText, richText, toItems } from './rich-text.ts';
import { createProperties, propertiesConfig } from './schema.ts';
import type { Workspace } from './workspace.ts';

/** GET /v1/databases/{id} */
export function retrieveDatabase(call: Call): Answer {
  return showDatabase(call.workspace.database(pathId(call, 'database_id')));
}

const createBody = z.strictObject({
  // A connection owns no private pages, so that a parent page is a must.
  parent: z.strictObject({ type: z.literal('page_id'), page_id: id }),
  initial_data_source: z.strictObject({ properties: propertiesConfig.default({ Name: { title: {} } }) }).prefault({}),
  title: richText.default([]),
});

/** POST /v1/databases */
export function createDatabase(call: Call): Answer {
  const { workspace } = call;
  const body = check(createBody, call.body);
  const parent = workspace.page(body.parent.page_id);
  const properties = createProperties(body.initial_data_source.properties, workspace.ids);
  const title = toItems(body.title);
  const database = addDatabase(parent.id, title, workspace);
  addDataSource(database, title, properties, workspace.botId, workspace);
  return showDatabase(database);
}

export function addDatabase(parentPageId: string, title: RichTextItem[], workspace: Workspace): Database {
  const database: Database = {
    id: workspace.ids.uuid(),
    parentPageId,
    title,
    isLocked: false,
    inTrash: false,
    createdAt: workspace.now(),
    dataSources: [],
  };
  workspace.databases.set(database.id, database);
  return database;
}

/** A database as the API shows it: the data sources show the tables' columns. */
function showDatabase(database: Database): Answer {
  const stamp = minuteStamp(database.createdAt);
  return {
    object: 'database',
    id: database.id,
    title: database.title,
    description: [],
    parent: { type: 'page_id', page_id: database.parentPageId },
    is_inline: false,
    in_trash: database.inTrash,
    is_locked: database.isLocked,
    created_time: stamp,
    last_edited_time: stamp,
    data_sources: database.dataSources.map((source) => ({ id: source.id, name: plainText(source.name) })),
    icon: null,
    cover: null,
    url: notionUrl(database.id),
    public_url: null,
  };
}

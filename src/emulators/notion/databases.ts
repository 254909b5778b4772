import { z } from 'zod';
import { accept, type Answer, type Call, type Edit, pathId, trashFlags, trashInput } from './call.ts';
import { check, id } from './check.ts';
import { notionUrl } from './ids.ts';
import { addDataSource } from './data-sources.ts';
import { minuteStamp } from './dates.ts';
import { coverInput, iconInput, readCover, readIcon, showFile, showIcon } from './file-references.ts';
import type { Database, RichTextItem } from './model.ts';
import { plainText, richText, toItems } from './rich-text.ts';
import { createProperties, propertiesConfig } from './schema.ts';
import type { Workspace } from './workspace.ts';

/** GET /v1/databases/{id} */
export function retrieveDatabase(call: Call): Answer {
  return showDatabase(call.workspace.database(pathId(call, 'database_id')), call);
}

const appearance = {
  title: richText.optional(),
  description: richText.optional(),
  is_inline: z.boolean().optional(),
  icon: iconInput.nullish(),
  cover: coverInput.nullish(),
};

const createBody = z.strictObject({
  // A connection owns no private pages, so that a parent page is a must.
  parent: z.strictObject({ type: z.literal('page_id'), page_id: id }),
  initial_data_source: z.strictObject({ properties: propertiesConfig.default({ Name: { title: {} } }) }).prefault({}),
  ...appearance,
});

/** POST /v1/databases */
export function createDatabase(call: Call): Answer {
  const { workspace } = call;
  const body = check(createBody, call.body);
  const parent = workspace.page(body.parent.page_id);
  const properties = createProperties(body.initial_data_source.properties, workspace.ids);
  const changes = readAppearance(body, call);
  accept(call);
  const title = toItems(body.title ?? []);
  const database = Object.assign(addDatabase(parent.id, title, workspace), changes);
  addDataSource(database, title, properties, workspace.botId, workspace);
  return showDatabase(database, call);
}

export function addDatabase(parentPageId: string, title: RichTextItem[], workspace: Workspace): Database {
  const at = workspace.now();
  const database: Database = {
    id: workspace.ids.uuid(),
    parentPageId,
    title,
    description: [],
    icon: null,
    cover: null,
    isInline: false,
    isLocked: false,
    inTrash: false,
    createdAt: at,
    editedAt: at,
    dataSources: [],
  };
  workspace.databases.set(database.id, database);
  return database;
}

/** PATCH /v1/databases/{id} */
export function updateDatabase(call: Call): Answer {
  const { workspace } = call;
  const database = workspace.database(pathId(call, 'database_id'));
  const input = z.strictObject({ ...appearance, is_locked: z.boolean().optional(), ...trashInput(call) });
  const body = check(input, call.body);
  const changes = readAppearance(body, call);
  accept(call);
  Object.assign(database, changes);
  database.isLocked = body.is_locked ?? database.isLocked;
  database.inTrash = body.in_trash ?? body.archived ?? database.inTrash;
  database.editedAt = workspace.now();
  return showDatabase(database, call);
}

function readAppearance(body: z.infer<z.ZodObject<typeof appearance>>, edit: Edit): Partial<Database> {
  return {
    ...(body.title && { title: toItems(body.title) }),
    ...(body.description && { description: toItems(body.description) }),
    ...(body.is_inline !== undefined && { isInline: body.is_inline }),
    ...(body.icon !== undefined && { icon: body.icon && readIcon(body.icon, edit) }),
    ...(body.cover !== undefined && { cover: body.cover && readCover(body.cover, edit) }),
  };
}

/** A database as the API shows it: the data sources show the tables' columns. */
function showDatabase(database: Database, call: Call): Answer {
  return {
    object: 'database',
    id: database.id,
    title: database.title,
    description: database.description,
    parent: { type: 'page_id', page_id: database.parentPageId },
    is_inline: database.isInline,
    ...trashFlags(call, database.inTrash),
    is_locked: database.isLocked,
    created_time: minuteStamp(database.createdAt),
    last_edited_time: minuteStamp(database.editedAt),
    data_sources: database.dataSources.map((source) => ({ id: source.id, name: plainText(source.name) })),
    icon: showIcon(database.icon, call.workspace),
    cover: database.cover && showFile(database.cover, call.workspace),
    url: notionUrl(database.id),
    public_url: null,
  };
}

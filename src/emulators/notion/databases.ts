import { z } from 'zod';
import type { Effects } from './attach.ts';
import { type Answer, type Call, pathId, trashFlags, trashInput, type Version } from './call.ts';
import { check, id } from './check.ts';
import { addDataSource } from './data-sources.ts';
import { minuteStamp } from './dates.ts';
import { coverInput, iconInput, readCover, readIcon, showIcon, showMedia } from './file-references.ts';
import type { Database, RichTextItem } from './model.ts';
import { plainText, richText, toItems } from './rich-text.ts';
import { createProperties, propertiesConfig } from './schema.ts';
import type { Workspace } from './workspace.ts';

/** GET /v1/databases/{id} */
export function retrieveDatabase(call: Call, workspace: Workspace): Answer {
  return showDatabase(workspace.database(pathId(call, 'database_id')), call.version, workspace);
}

const dress = {
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
  ...dress,
});

/** POST /v1/databases */
export function createDatabase(call: Call, workspace: Workspace): Answer {
  const body = check(createBody, call.body);
  const parent = workspace.page(body.parent.page_id);
  const properties = createProperties(body.initial_data_source.properties, workspace.ids);
  const effects: Effects = [];
  const looks = readDress(body, workspace, effects);
  for (const effect of effects) effect();
  const title = toItems(body.title ?? []);
  const database = addDatabase(parent.id, title, workspace);
  Object.assign(database, looks);
  addDataSource(database, title, properties, workspace.botId, workspace);
  return showDatabase(database, call.version, workspace);
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
export function updateDatabase(call: Call, workspace: Workspace): Answer {
  const database = workspace.database(pathId(call, 'database_id'));
  const body = check(
    z.strictObject({ ...dress, is_locked: z.boolean().optional(), ...trashInput(call.version) }),
    call.body,
  );
  const effects: Effects = [];
  const looks = readDress(body, workspace, effects);
  for (const effect of effects) effect();
  Object.assign(database, looks);
  database.isLocked = body.is_locked ?? database.isLocked;
  database.inTrash = body.in_trash ?? body.archived ?? database.inTrash;
  database.editedAt = workspace.now();
  return showDatabase(database, call.version, workspace);
}

type Dress = z.infer<z.ZodObject<typeof dress>>;

function readDress(body: Dress, workspace: Workspace, effects: Effects): Partial<Database> {
  return {
    ...(body.title && { title: toItems(body.title) }),
    ...(body.description && { description: toItems(body.description) }),
    ...(body.is_inline !== undefined && { isInline: body.is_inline }),
    ...(body.icon !== undefined && { icon: body.icon && readIcon(body.icon, workspace, effects) }),
    ...(body.cover !== undefined && { cover: body.cover && readCover(body.cover, workspace, effects) }),
  };
}

/** A database as the API shows it: the tables' columns are told by the data sources. */
function showDatabase(database: Database, version: Version, workspace: Workspace): Answer {
  return {
    object: 'database',
    id: database.id,
    title: database.title,
    description: database.description,
    parent: { type: 'page_id', page_id: database.parentPageId },
    is_inline: database.isInline,
    ...trashFlags(version, database.inTrash),
    is_locked: database.isLocked,
    created_time: minuteStamp(database.createdAt),
    last_edited_time: minuteStamp(database.editedAt),
    data_sources: database.dataSources.map((source) => ({ id: source.id, name: plainText(source.name) })),
    icon: showIcon(database.icon, workspace),
    cover: database.cover && showMedia(database.cover, workspace),
    url: databaseUrl(database),
    public_url: null,
  };
}

export function databaseUrl(database: Database): string {
  return `https://www.notion.so/${database.id.replaceAll('-', '')}`;
}

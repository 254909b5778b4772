import { z } from 'zod';
import { accept, type Answer, type Call, pathId, trashFlags, trashInput } from './call.ts';
import { check, id } from './check.ts';
import { showStamps } from './dates.ts';
import { invalid } from './errors.ts';
import { notionUrl } from './ids.ts';
import { iconInput, readIcon, showIcon } from './file-references.ts';
import type { Database, DataSource, Property, RichTextItem } from './model.ts';
import { findProperty } from './property-cells.ts';
import { richText, toItems } from './rich-text.ts';
import {
  createProperties,
  createProperty,
  propertiesChange,
  propertiesConfig,
  reconfigure,
  showProperty,
  typeOf,
} from './schema.ts';
import type { Workspace } from './workspace.ts';

/** GET /v1/data_sources/{id} */
export function retrieveDataSource(call: Call): Answer {
  return showDataSource(call.workspace.dataSource(pathId(call, 'data_source_id')), call);
}

const createBody = z.strictObject({
  parent: z.strictObject({ type: z.literal('database_id').optional(), database_id: id }),
  properties: propertiesConfig,
  title: richText.default([]),
  icon: iconInput.nullish(),
});

/** POST /v1/data_sources */
export function createDataSource(call: Call): Answer {
  const { workspace } = call;
  const body = check(createBody, call.body);
  const database = workspace.database(body.parent.database_id);
  const icon = body.icon ? readIcon(body.icon, call) : null;
  const properties = createProperties(body.properties, workspace.ids);
  accept(call);
  const source = addDataSource(database, toItems(body.title), properties, workspace.botId, workspace);
  source.icon = icon;
  return showDataSource(source, call);
}

export function addDataSource(
  database: Database,
  name: RichTextItem[],
  properties: Property[],
  author: string,
  workspace: Workspace,
): DataSource {
  const at = workspace.now();
  const source: DataSource = {
    id: workspace.ids.uuid(),
    database,
    name,
    icon: null,
    properties,
    pages: [],
    lastUniqueId: 0,
    createdAt: at,
    createdBy: author,
    editedAt: at,
    editedBy: author,
    inTrash: false,
  };
  database.dataSources.push(source);
  workspace.dataSources.set(source.id, source);
  return source;
}

/** PATCH /v1/data_sources/{id} */
export function updateDataSource(call: Call): Answer {
  const { workspace } = call;
  const source = workspace.dataSource(pathId(call, 'data_source_id'));
  const body = check(
    z.strictObject({
      properties: propertiesChange.default({}),
      title: richText.optional(),
      icon: iconInput.nullish(),
      ...trashInput(call),
    }),
    call.body,
  );
  const icon = body.icon && readIcon(body.icon, call);
  const properties = changedProperties(source.properties, body.properties, workspace);
  accept(call);
  source.properties = properties;
  if (body.title) source.name = toItems(body.title);
  if (icon !== undefined) source.icon = icon;
  source.inTrash = body.in_trash ?? body.archived ?? source.inTrash;
  source.editedAt = workspace.now();
  source.editedBy = workspace.botId;
  return showDataSource(source, call);
}

/** The columns after the change, made on copies so that a refused change leaves nothing behind. */
export function changedProperties(
  current: readonly Property[],
  changes: z.infer<typeof propertiesChange>,
  workspace: Workspace,
): Property[] {
  let properties = current.map((property) => ({ ...property }));
  for (const [key, change] of Object.entries(changes)) {
    const property = findProperty(properties, key);
    if (change === null) {
      if (property === undefined) throw invalid(`${key} is not a property that exists.`);
      if (property.type === 'title') throw invalid('Cannot delete the title property.');
      properties = properties.filter((each) => each !== property);
      continue;
    }
    const { name, ...config } = change;
    const type = typeOf(config);
    if (property === undefined) {
      if (type === undefined) throw invalid(`${key} is not a property that exists.`);
      if (type === 'title') throw invalid('Cannot create a second title property.');
      properties.push(createProperty(name ?? key, config, workspace.ids));
    } else {
      if (type !== undefined && type !== property.type) {
        if (property.type === 'title' || type === 'title')
          throw invalid('Cannot change the type of the title property.');
        Object.assign(property, createProperty(property.name, config, workspace.ids), { id: property.id });
      } else {
        reconfigure(property, config, workspace.ids);
      }
      property.name = name ?? property.name;
      if (config.description !== undefined) property.description = config.description;
    }
  }
  const names = properties.map((property) => property.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`Cannot have two properties named ${twice}.`);
  return properties;
}

/** A table as the API shows it. */
export function showDataSource(source: DataSource, call: Call): Answer {
  const { database } = source;
  return {
    object: 'data_source',
    id: source.id,
    title: source.name,
    description: database.description,
    parent: { type: 'database_id', database_id: database.id },
    database_parent: { type: 'page_id', page_id: database.parentPageId },
    is_inline: database.isInline,
    ...trashFlags(call, source.inTrash || database.inTrash),
    ...showStamps(source),
    properties: Object.fromEntries(source.properties.map((property) => [property.name, showProperty(property)])),
    icon: showIcon(source.icon, call.workspace),
    cover: null,
    url: notionUrl(database.id),
    public_url: null,
  };
}

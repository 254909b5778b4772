import { z } from 'zod';
import { type Answer, type Call, pathId } from './call.ts';
import { check } from './check.ts';
import { showStamps } from './dates.ts';
import { invalid } from './errors.ts';
import { notionUrl } from './ids.ts';
import type { Database, DataSource, Property, RichTextItem } from './model.ts';
import { findProperty } from './property-cells.ts';
import { createProperty, propertiesChange, reconfigure, showProperty, typeOf } from './schema.ts';
import type { Workspace } from './workspace.ts';

/** GET /v1/data_sources/{id} */
export function retrieveDataSource(call: Call): Answer {
  return showDataSource(call.workspace.dataSource(pathId(call, 'data_source_id')));
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
    properties,
    pages: [],
    createdAt: at,
    createdBy: author,
    editedAt: at,
    editedBy: author,
  };
  database.dataSources.push(source);
  workspace.dataSources.set(source.id, source);
  return source;
}

const updateBody = z.strictObject({ properties: propertiesChange });

/** PATCH /v1/data_sources/{id} */
export function updateDataSource(call: Call): Answer {
  const { workspace } = call;
  const source = workspace.dataSource(pathId(call, 'data_source_id'));
  const body = check(updateBody, call.body);
  source.properties = changedProperties(source.properties, body.properties, workspace);
  source.editedAt = workspace.now();
  source.editedBy = workspace.botId;
  return showDataSource(source);
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
function showDataSource(source: DataSource): Answer {
  const { database } = source;
  return {
    object: 'data_source',
    id: source.id,
    title: source.name,
    description: [],
    parent: { type: 'database_id', database_id: database.id },
    database_parent: { type: 'page_id', page_id: database.parentPageId },
    is_inline: false,
    in_trash: database.inTrash,
    ...showStamps(source),
    properties: Object.fromEntries(source.properties.map((property) => [property.name, showProperty(property)])),
    icon: null,
    cover: null,
    url: notionUrl(database.id),
    public_url: null,
  };
}

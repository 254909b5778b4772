import { ConfigError } from '../../core/errors.ts';
import type { PostStatus } from '../../core/post.ts';
import {
  boardProperties,
  type PropertyKey,
  type PropertyNames,
  type PropertyType,
  statusNames,
  type StatusNames,
} from '../../core/properties.ts';
import { keysOf } from '../../lib/records.ts';
import type { NotionClient } from '../client/client.ts';
import { type DataSourceProperty, propertyFor, propertyWithId, readDataSource } from './data-source.ts';
import { type BoardAddress, settingForProperty, settingForStatus } from '../settings.ts';

/** One property of the board, known by its id, which outlives a renaming. */
export interface BoundProperty {
  id: string;
  type: PropertyType;
}

export type KnownStatus = Exclude<PostStatus, 'other'>;

/** The board's schema as far as the product uses it. */
export interface BoundBoard {
  dataSourceId: string;
  title: string;
  url: string;
  properties: Partial<Record<PropertyKey, BoundProperty>> & { status: BoundProperty };
  /** Status options by the state they stand for. */
  statusOptions: Partial<Record<KnownStatus, { id: string; name: string }>>;
  /** Optional properties that cannot be used, in words. */
  missing: string[];
}

/** States that a row passes through while it gets its image; the board must have an option for each. */
export const requiredStatuses: readonly KnownStatus[] = ['needs-image', 'generating', 'image-ready', 'failed'];

/**
 * Finds the board and binds its properties and status options; what was bound `earlier` stays so while it exists, whatever its
 * name is by now.
 * @throws {ConfigError} in words when the board is not there, not shared, or lacks what is required.
 */
export async function bindBoard(
  notion: NotionClient,
  address: BoardAddress,
  earlier?: BoundBoard,
): Promise<BoundBoard> {
  const source = await readDataSource(notion, address.database);
  const problems: string[] = [];
  const missing: string[] = [];
  const { properties: names, statuses } = address;
  const properties: Partial<Record<PropertyKey, BoundProperty>> = {};
  for (const key of keysOf(boardProperties)) {
    const types: readonly PropertyType[] = boardProperties[key].types;
    const found = propertyWithId(source, earlier?.properties[key]?.id) ?? propertyFor(source, key, names);
    const type = types.find((candidate) => candidate === found?.type);
    if (found && type) properties[key] = { id: found.id, type };
    else if (found && (key === 'status' || key === 'prompt')) problems.push(wrongType(key, names, found.type));
    else if (key === 'status') problems.push(noStatus(names));
    else missing.push(found ? `${names[key]} (is ${found.type}, needs ${types.join(' or ')})` : names[key]);
  }
  if (!properties.image && !properties.imageFile) problems.push(noPlaceForImage(names));

  const { status } = properties;
  const options = optionsOf(status && propertyWithId(source, status.id));
  const statusOptions: BoundBoard['statusOptions'] = {};
  for (const state of keysOf(statusNames)) {
    const earlierId = earlier?.statusOptions[state]?.id;
    const found = options.find(({ id }) => id === earlierId) ?? options.find(({ name }) => name === statuses[state]);
    if (found) statusOptions[state] = found;
    else if (status && requiredStatuses.includes(state)) problems.push(noStatusOption(state, statuses, options));
  }
  if (problems.length > 0 || !status) throw new ConfigError(problems);
  const { id: dataSourceId, name: title, url } = source;
  return { dataSourceId, title, url, properties: { ...properties, status }, statusOptions, missing };
}

/** The options of a status or select property. */
export function optionsOf(property: DataSourceProperty | undefined) {
  return property?.status?.options ?? property?.select?.options ?? [];
}

/** The filter for rows of one option, in a property of any type that can hold it. */
export function optionFilter({ id, type }: BoundProperty, name: string) {
  if (type === 'status') return { property: id, status: { equals: name } };
  return type === 'select' ? { property: id, select: { equals: name } } : { property: id, rich_text: { equals: name } };
}

/** A property has a type that does not serve. */
export function wrongType(key: PropertyKey, names: PropertyNames, type: string): string {
  const types = boardProperties[key].types.join(' or ');
  return `The property "${names[key]}" is of type ${type}, and the worker needs ${types}: change its type in Notion, or name another with ${settingForProperty(key)}.`;
}

/** The property that everything hangs on is not there. */
export function noStatus(names: PropertyNames): string {
  return `The database has no property "${names.status}": add a Status property of that name, or name yours with ${settingForProperty('status')}.`;
}

/** Neither Image nor Image file can be used. */
export function noPlaceForImage(names: PropertyNames): string {
  return `The database has no place for the picture: add a Files & media property "${names.image}" or a text property "${names.imageFile}", or name yours with ${settingForProperty('image')}.`;
}

/** An option that rows must pass through is not there. */
export function noStatusOption(
  state: keyof StatusNames,
  names: StatusNames,
  options: readonly { name: string }[],
): string {
  const present = options.map(({ name }) => `"${name}"`).join(', ') || 'none';
  return `The Status property has no option "${names[state]}" (it has ${present}): add it in Notion, or name yours with ${settingForStatus(state)}.`;
}

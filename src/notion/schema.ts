import { z } from 'zod';
import { ConfigError } from '../core/errors.ts';
import type { PostStatus } from '../core/post.ts';
import {
  boardProperties,
  type PropertyKey,
  type PropertyNames,
  type PropertyType,
  settingName,
  statusNames,
  type StatusNames,
} from '../core/properties.ts';
import { keysOf } from '../core/records.ts';
import { type NotionClient, notionProblem } from './client.ts';

/** Where the board is and what its parts are called. */
export interface BoardAddress {
  /** A database id or a data-source id, dashed. */
  database: string;
  properties: PropertyNames;
  statuses: StatusNames;
}

/** One property of the board, known by its id, which outlives a renaming. */
export interface BoundProperty {
  id: string;
  type: PropertyType;
}

type KnownStatus = Exclude<PostStatus, 'other'>;

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

const option = z.object({ id: z.string(), name: z.string() });
const dataSourceAnswer = z.object({
  id: z.string(),
  url: z.string().default(''),
  in_trash: z.boolean().default(false),
  title: z.array(z.object({ plain_text: z.string() })).default([]),
  properties: z.record(
    z.string(),
    z.object({
      id: z.string(),
      type: z.string(),
      status: z.object({ options: z.array(option) }).optional(),
      select: z.object({ options: z.array(option) }).optional(),
    }),
  ),
});
type DataSourceAnswer = z.infer<typeof dataSourceAnswer>;

const databaseAnswer = z.object({
  in_trash: z.boolean().default(false),
  data_sources: z.array(z.object({ id: z.string(), name: z.string() })),
});

/** States that a row passes through while it gets its picture; the board must have an option for each. */
const requiredStatuses = ['needs-image', 'generating', 'image-ready', 'failed'] as const;

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
  const source = await findDataSource(notion, address.database);
  const title = source.title.map((part) => part.plain_text).join('') || 'Untitled';
  if (source.in_trash) throw new ConfigError(`The database "${title}" is in Notion's trash: restore it there.`);
  const problems: string[] = [];
  const missing: string[] = [];
  const properties = bindProperties(source, address, earlier, problems, missing);
  const status = properties.status;
  const statusOptions = status ? bindStatuses(source, status, address.statuses, earlier, problems) : {};
  if (problems.length > 0 || !status) throw new ConfigError(problems);
  return {
    dataSourceId: source.id,
    title,
    url: source.url,
    properties: { ...properties, status },
    statusOptions,
    missing,
  };
}

async function findDataSource(notion: NotionClient, id: string): Promise<DataSourceAnswer> {
  const database = await absentAsUndefined(() =>
    notion.call({ doing: 'find the database' }, (client) => client.databases.retrieve({ database_id: id })),
  );
  const sourceId = database === undefined ? id : onlyDataSource(databaseAnswer.parse(database));
  const source = await absentAsUndefined(() =>
    notion.call({ doing: "read the board's properties" }, (client) =>
      client.dataSources.retrieve({ data_source_id: sourceId }),
    ),
  );
  if (source !== undefined) return dataSourceAnswer.parse(source);
  throw new ConfigError(
    `Notion shows this connection no database with the id ${id}: open the database in Notion, choose ••• → Connections and add the connection whose token is in NOTION_TOKEN, or correct NOTION_DATABASE_ID.`,
  );
}

function onlyDataSource(database: z.infer<typeof databaseAnswer>): string {
  const [first, ...others] = database.data_sources;
  if (database.in_trash) throw new ConfigError("The database is in Notion's trash: restore it there.");
  if (!first) throw new ConfigError('The database has no data source: open it in Notion and add one.');
  if (others.length === 0) return first.id;
  const list = database.data_sources.map(({ id, name }) => `${name || 'Untitled'} (${id})`).join(', ');
  throw new ConfigError(
    `The database has several data sources: set NOTION_DATABASE_ID to the id of one of them: ${list}.`,
  );
}

async function absentAsUndefined<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (notionProblem(error)?.status === 404) return undefined;
    throw error;
  }
}

function bindProperties(
  source: DataSourceAnswer,
  { properties: names }: BoardAddress,
  earlier: BoundBoard | undefined,
  problems: string[],
  missing: string[],
) {
  const bound: Partial<Record<PropertyKey, BoundProperty>> = {};
  for (const key of keysOf(boardProperties)) {
    const types: readonly PropertyType[] = boardProperties[key].types;
    const found =
      withId(source, earlier?.properties[key]?.id) ?? (key === 'name' ? titleOf(source) : named(source, names[key]));
    const type = types.find((candidate) => candidate === found?.type);
    if (found && type) bound[key] = { id: found.id, type };
    else if (found && (key === 'status' || key === 'prompt')) {
      problems.push(
        `The property "${names[key]}" is of type ${found.type}, and the worker needs ${types.join(' or ')}: change its type in Notion, or name another with ${settingFor(key)}.`,
      );
    } else if (key === 'status') {
      problems.push(
        `The database has no property "${names.status}": add a Status property of that name, or name yours with ${settingFor(key)}.`,
      );
    } else missing.push(found ? `${names[key]} (is ${found.type}, needs ${types.join(' or ')})` : names[key]);
  }
  if (!bound.image && !bound.imageFile) {
    problems.push(
      `The database has no place for the picture: add a Files & media property "${names.image}" or a text property "${names.imageFile}", or name yours with ${settingFor('image')}.`,
    );
  }
  return bound;
}

function bindStatuses(
  source: DataSourceAnswer,
  status: BoundProperty,
  names: StatusNames,
  earlier: BoundBoard | undefined,
  problems: string[],
) {
  const property = withId(source, status.id);
  const options = property?.status?.options ?? property?.select?.options ?? [];
  const bound: BoundBoard['statusOptions'] = {};
  for (const state of keysOf(statusNames)) {
    const earlierId = earlier?.statusOptions[state]?.id;
    const found = options.find(({ id }) => id === earlierId) ?? options.find(({ name }) => name === names[state]);
    if (found) bound[state] = found;
  }
  for (const state of requiredStatuses) {
    if (bound[state]) continue;
    problems.push(
      `The Status property has no option "${names[state]}" (it has ${options.map(({ name }) => `"${name}"`).join(', ') || 'none'}): add it in Notion, or name yours with NOTION_STATUS_${settingName(statusNames[state])}.`,
    );
  }
  return bound;
}

function withId(source: DataSourceAnswer, id: string | undefined) {
  return Object.values(source.properties).find((property) => property.id === id);
}

function titleOf(source: DataSourceAnswer) {
  return Object.values(source.properties).find(({ type }) => type === 'title');
}

function named(source: DataSourceAnswer, name: string) {
  const exact = source.properties[name];
  if (exact) return exact;
  const wanted = name.trim().toLowerCase();
  return Object.entries(source.properties).find(([key]) => key.trim().toLowerCase() === wanted)?.[1];
}

const settingFor = (key: PropertyKey) => `NOTION_PROPERTY_${settingName(boardProperties[key].name)}`;

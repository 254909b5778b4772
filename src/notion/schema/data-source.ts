import { z } from 'zod';
import { ConfigError } from '../../core/errors.ts';
import type { PropertyKey, PropertyNames } from '../../core/properties.ts';
import type { NotionClient } from '../client/client.ts';
import { undefinedIfMissing } from '../client/problem.ts';

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
const databaseAnswer = z.object({
  in_trash: z.boolean().default(false),
  is_locked: z.boolean().default(false),
  data_sources: z.array(z.object({ id: z.string(), name: z.string() })),
});

/** The table of a database, as Notion shows it. */
export interface DataSource extends z.infer<typeof dataSourceAnswer> {
  name: string;
  /** People cannot change its properties in Notion until they unlock it. */
  isLocked: boolean;
}
export type DataSourceProperty = DataSource['properties'][string];

/**
 * Reads the data source by its own id or by its database's.
 * @throws {ConfigError} in words when it is not there, not shared, in the trash or not the only one.
 */
export async function readDataSource(notion: NotionClient, id: string): Promise<DataSource> {
  const answer = await undefinedIfMissing(
    notion.call({ doing: 'find the database' }, (client) => client.databases.retrieve({ database_id: id })),
  );
  const database = answer === undefined ? undefined : understood(databaseAnswer, answer);
  const sourceId = database === undefined ? id : onlyDataSource(database);
  const found = await undefinedIfMissing(
    notion.call({ doing: "read the board's properties" }, (client) =>
      client.dataSources.retrieve({ data_source_id: sourceId }),
    ),
  );
  if (found === undefined) {
    throw new ConfigError(
      `Notion shows this connection no database with the id ${id}: open the database in Notion, choose ••• → Connections and add the connection whose token is in NOTION_TOKEN, or correct NOTION_DATABASE_ID.`,
    );
  }
  const source = understood(dataSourceAnswer, found);
  const name = source.title.map((part) => part.plain_text).join('') || 'Untitled';
  if (source.in_trash) throw new ConfigError(`The database "${name}" is in Notion's trash: restore it there.`);
  return { ...source, name, isLocked: database?.is_locked ?? false };
}

/** The property of this id. */
export function propertyWithId(source: DataSource, id: string | undefined): DataSourceProperty | undefined {
  return Object.values(source.properties).find((property) => property.id === id);
}

/** The property that is meant by one of ours: the one title whatever its name, or else by name, where capitals and blanks around it do not matter. */
export function propertyFor(
  source: DataSource,
  key: PropertyKey,
  names: PropertyNames,
): DataSourceProperty | undefined {
  if (key === 'name') return Object.values(source.properties).find(({ type }) => type === 'title');
  const wanted = names[key].trim().toLowerCase();
  return (
    source.properties[names[key]] ??
    Object.entries(source.properties).find(([name]) => name.trim().toLowerCase() === wanted)?.[1]
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

/** The answer as the product reads it. @throws {ConfigError} when something else than Notion answers at the address. */
function understood<T>(schema: z.ZodType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  throw new ConfigError(
    "What answers at NOTION_API_URL is not Notion: correct the address, or leave it empty for Notion's own.",
    read.error,
  );
}

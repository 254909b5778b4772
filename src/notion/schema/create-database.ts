import { z } from 'zod';
import { BoardError, ConfigError } from '../../core/errors.ts';
import { boardProperties } from '../../core/properties.ts';
import { lenient } from '../../lib/json.ts';
import { keysOf } from '../../lib/records.ts';
import type { NotionClient } from '../client/client.ts';
import { answeredStatus } from '../client/problem.ts';
import type { BoardNames } from '../settings.ts';
import { newProperty } from './new-property.ts';

/** A row that a new database begins with. */
export interface SampleRow {
  name: string;
  prompt: string;
  caption: string;
  format: string;
}

/** A database that has just been made. */
export interface NewDatabase {
  id: string;
  url: string;
  dataSourceId: string;
}

/** A page that the connection sees. */
export interface SharedPage {
  id: string;
  title: string;
}

const databaseAnswer = z.object({
  id: z.string(),
  url: z.string(),
  data_sources: z.tuple([z.object({ id: z.string() })], z.unknown()),
});
const searchAnswer = z.object({ results: z.array(z.unknown()) });
const pageResult = z.object({
  id: z.string(),
  parent: z.object({ type: z.string() }),
  properties: z.record(z.string(), z.object({ title: lenient(z.array(z.object({ plain_text: z.string() }))) })),
});

/** Creates the whole database under a page. @throws {ConfigError} {BoardError} */
export async function createDatabase(
  notion: NotionClient,
  { pageId, title, properties, statuses }: BoardNames & { pageId: string; title: string },
): Promise<NewDatabase> {
  const columns = keysOf(boardProperties).map((key) => [properties[key], newProperty(key, statuses)] as const);
  try {
    const answer = await notion.call({ doing: 'create the database', repeatable: false }, (client) =>
      client.databases.create({
        parent: { type: 'page_id', page_id: pageId },
        title: text(title),
        initial_data_source: { properties: Object.fromEntries(columns) },
      }),
    );
    const { id, url, data_sources: sources } = databaseAnswer.parse(answer);
    return { id, url, dataSourceId: sources[0].id };
  } catch (error) {
    throw explainCreation(error, pageId);
  }
}

/** Adds a row that waits for its image. @throws {ConfigError} {BoardError} */
export async function addSampleRow(
  notion: NotionClient,
  dataSourceId: string,
  row: SampleRow,
  { properties, statuses }: BoardNames,
): Promise<void> {
  await notion.call({ doing: 'add a sample row', repeatable: false }, (client) =>
    client.pages.create({
      parent: { type: 'data_source_id', data_source_id: dataSourceId },
      properties: {
        [properties.name]: { title: text(row.name) },
        [properties.prompt]: { rich_text: text(row.prompt) },
        [properties.caption]: { rich_text: text(row.caption) },
        [properties.format]: { select: { name: row.format } },
        [properties.status]: { status: { name: statuses['needs-image'] } },
      },
    }),
  );
}

/** Pages that the connection sees, the one edited last first; rows of databases are left out. */
export async function sharedPages(notion: NotionClient): Promise<SharedPage[]> {
  const answer = await notion.call({ doing: 'list the pages that are shared with it' }, (client) =>
    client.search({
      filter: { property: 'object', value: 'page' },
      sort: { timestamp: 'last_edited_time', direction: 'descending' },
      page_size: 100,
    }),
  );
  return searchAnswer.parse(answer).results.flatMap((result) => {
    const page = pageResult.safeParse(result).data;
    if (!page || page.parent.type === 'data_source_id' || page.parent.type === 'database_id') return [];
    const parts = Object.values(page.properties).flatMap(({ title }) => title ?? []);
    return [{ id: page.id, title: parts.map((part) => part.plain_text).join('') || 'Untitled' }];
  });
}

const text = (content: string) => [{ type: 'text' as const, text: { content } }];

function explainCreation(error: unknown, pageId: string): unknown {
  if (answeredStatus(error) === 404) {
    return new ConfigError(
      `Notion shows this connection no page with the id ${pageId}: open the page in Notion, choose ••• → Connections and add the connection whose token is in NOTION_TOKEN, or give another with --page.`,
      error,
    );
  }
  if (!(error instanceof BoardError)) return error;
  if (error.failure === 'refused') return new ConfigError(error.message, error);
  const doubt = 'see under the page whether the database is there before you run init again';
  return new BoardError('unreachable', `Notion gave no clear answer while creating the database: ${doubt}.`, error);
}

import { BoardError, ConfigError } from '../core/errors.ts';
import type { NotionClient } from '../notion/client/client.ts';
import { addSampleRow, createDatabase, type SampleRow, sharedPages } from '../notion/schema/create-database.ts';
import type { BoardNames } from '../notion/settings.ts';
import { readVariable, setVariable } from './env-file.ts';
import type { Dialogue } from './repair.ts';

/** Makes boards in Notion. */
export interface BoardMaker {
  /** The pages it may work under. */
  pages(): Promise<readonly { id: string; title: string }[]>;
  /** Makes the database and its sample rows; `rowsMissing` says in words why some are missing. @throws {ConfigError} {BoardError} when there is no database in the end. */
  create(pageId: string): Promise<{ id: string; url: string; rowsMissing?: string }>;
}

const title = 'Facebook posts';
const setting = 'NOTION_DATABASE_ID';
const shownPages = 20;

/** The posts that a new board begins with, for three formats. */
const samplePosts: readonly SampleRow[] = [
  {
    name: 'A slow Sunday breakfast',
    prompt: 'A breakfast table by a sunny window, fresh bread, honey and coffee, soft morning light, food photography',
    caption: 'No alarm, no hurry. What is on your table this Sunday?',
    format: 'Square',
  },
  {
    name: 'The market is back',
    prompt: 'A small-town street market in spring, stalls with tulips and vegetables, people strolling, warm light',
    caption: 'From Saturday on, every week from 8 until 1.',
    format: 'Landscape',
  },
  {
    name: 'Five minutes of quiet',
    prompt: 'A wooden bench by a misty lake at dawn, pine trees, calm water, muted colours, wide view',
    caption: 'Save this for the next busy day.',
    format: 'Portrait',
  },
];

/** Makes boards whose properties and status options have the names that the settings give. */
export function createBoardMaker(notion: NotionClient, names: BoardNames): BoardMaker {
  return {
    pages: () => sharedPages(notion),
    async create(pageId) {
      const { id, url, dataSourceId } = await createDatabase(notion, { ...names, pageId, title });
      try {
        // One after another: the oldest row is taken first.
        for (const post of samplePosts) await addSampleRow(notion, dataSourceId, post, names);
        return { id, url };
      } catch (error) {
        if (!(error instanceof ConfigError) && !(error instanceof BoardError)) throw error;
        return { id, url, rowsMissing: `The database is there, but not all of its sample rows: ${error.message}` };
      }
    },
  };
}

/** Makes a board under the page and offers to note it in the env file; returns the exit code. */
export async function initBoard(
  maker: BoardMaker,
  pageId: string,
  { print, ask, envFile, outside }: Dialogue & { envFile: string; outside: string | undefined },
): Promise<0 | 2> {
  const { id, url, rowsMissing } = await maker.create(pageId);
  print(`The database is at ${url}\n${setting}=${id}`);
  if (rowsMissing !== undefined) print(rowsMissing);
  const earlier = await readVariable(envFile, setting);
  const place = earlier === undefined ? '' : ` in place of ${earlier}`;
  if (await ask?.(`Write this line into ${envFile}${place}?`)) {
    await setVariable(envFile, setting, id);
    print(`${envFile} has it now. Next: npm run sync`);
  } else print(`Next: put this line into ${envFile}, then npm run sync`);
  if (outside)
    print(`${setting} is also set outside of ${envFile}, to ${outside}, and that one counts: change it there.`);
  return rowsMissing === undefined ? 0 : 2;
}

/** Lists the pages under which a board can be made. @throws {ConfigError} when there is none. */
export async function listPages(maker: BoardMaker): Promise<string[][]> {
  const pages = await maker.pages();
  if (pages.length > 0) return pages.slice(0, shownPages).map((page) => [page.title, page.id]);
  throw new ConfigError(
    'Notion shows this connection no page: open or make one in Notion, choose ••• → Connections, add the connection whose token is in NOTION_TOKEN, and run init again.',
  );
}

import { BoardError, ConfigError } from '../core/errors.ts';
import { samplePosts, type SamplePost } from './sample-posts.ts';

/** A board that stands. */
export interface NewBoard {
  id: string;
  url: string;
  /** Why sample rows are lacking, in words. */
  lacking?: string;
}

/** Makes boards in Notion. */
export interface BoardMaker {
  /** The pages it may work under. */
  pages(): Promise<readonly { id: string; title: string }[]>;
  create(pageId: string): Promise<NewBoard>;
}

const title = 'Facebook posts';

/**
 * Creates the database and its sample rows, which wait for their pictures.
 * @throws {ConfigError} {BoardError} when there is no database in the end.
 */
export async function createBoard(notion: {
  createDatabase: (title: string) => Promise<{ id: string; url: string; dataSourceId: string }>;
  addRow: (dataSourceId: string, post: SamplePost) => Promise<void>;
}): Promise<NewBoard> {
  const { id, url, dataSourceId } = await notion.createDatabase(title);
  try {
    // One after another: the oldest row is taken first.
    for (const post of samplePosts) await notion.addRow(dataSourceId, post);
    return { id, url };
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof BoardError)) throw error;
    return { id, url, lacking: `The database is there, but not all of its sample rows: ${error.message}` };
  }
}

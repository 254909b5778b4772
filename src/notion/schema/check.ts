import { z } from 'zod';
import { BoardError } from '../../core/errors.ts';
import { errorsToFindings, type Finding } from '../../core/finding.ts';
import { optionFilter } from '../board/board.ts';
import type { NotionClient } from '../client/client.ts';
import { type DataSource, readDataSource } from './data-source.ts';
import { examineSchema } from './check-schema.ts';
import { type Identity, readIdentity, smallestUploadLimit } from '../client/identity.ts';
import { propertyFor } from './schema.ts';
import type { BoardAddress } from '../settings.ts';

const mebibyte = 1024 * 1024;
const pageSize = 100;
/** A row that no board has. */
const nobodysRow = '00000000-0000-4000-8000-000000000000';

const queryAnswer = z.object({ results: z.array(z.unknown()), has_more: z.boolean().default(false) });

/**
 * Looks at everything in Notion that the worker needs, and changes nothing; an empty `database` ends the look at the token.
 */
export async function* examineBoard(notion: NotionClient, address: BoardAddress): AsyncGenerator<Finding> {
  const token = { key: 'token', about: 'Notion token' };
  const identity = yield* errorsToFindings(token, () => readIdentity(notion));
  if (!identity) return;
  yield { ...token, state: 'well', message: identity.words };
  yield uploadLimit(identity);
  if (address.database === '') return;

  const database = { key: 'database', about: 'Database' };
  const source = yield* errorsToFindings(database, () => readDataSource(notion, address.database));
  if (source) {
    yield { ...database, state: 'well', message: `"${source.name}" at ${source.url}` };
    if (source.isLocked) {
      yield {
        key: 'database.locked',
        about: 'Database lock',
        state: 'note',
        message: 'Locked: rows can be edited, but people cannot change its properties in Notion until it is unlocked.',
      };
    }
    yield* examineSchema(source, address);
  }
  yield* examineCapability({ key: 'capability.upload', about: 'May upload files' }, () =>
    notion.call({ doing: 'begin an upload' }, (client) =>
      // It gets no bytes and expires within the hour.
      client.fileUploads.create({ mode: 'single_part', filename: 'doctor.png', content_type: 'image/png' }),
    ),
  );
  yield* examineCapability({ key: 'capability.update', about: 'May update rows' }, () => touchNobodysRow(notion));
  if (source) yield* examineRows(notion, source, address);
}

function uploadLimit({ maxUploadBytes }: Identity): Finding {
  const subject = { key: 'upload-limit', about: 'Upload limit' };
  const words = `${(maxUploadBytes / mebibyte).toLocaleString('en', { maximumFractionDigits: 1 })} MiB a file`;
  if (maxUploadBytes > smallestUploadLimit) return { ...subject, state: 'well', message: words };
  return {
    ...subject,
    state: 'warning',
    message: `${words}: of larger pictures a JPEG goes up, and the PNG stays in IMAGES_DIR; a paid plan of Notion takes more.`,
  };
}

async function* examineCapability(
  subject: { key: string; about: string },
  act: () => Promise<unknown>,
): AsyncGenerator<Finding> {
  const done = yield* errorsToFindings(subject, async () => {
    await act();
    return true;
  });
  if (done) yield { ...subject, state: 'well', message: 'yes' };
}

/**
 * An update of nothing, on a row that is not there: without the capability the answer is 403. Should Notion look for the row
 * first, a lack would show only when the worker writes (not documented, 2026-11).
 */
async function touchNobodysRow(notion: NotionClient): Promise<void> {
  try {
    await notion.call({ doing: 'update rows' }, (client) =>
      client.pages.update({ page_id: nobodysRow, properties: {} }),
    );
  } catch (error) {
    if (!(error instanceof BoardError) || error.failure !== 'gone') throw error;
  }
}

async function* examineRows(
  notion: NotionClient,
  source: DataSource,
  { properties, statuses }: BoardAddress,
): AsyncGenerator<Finding> {
  const status = propertyFor(source, 'status', properties);
  if (status?.type !== 'status' && status?.type !== 'select') return;
  const filter = optionFilter({ id: status.id, type: status.type }, statuses['needs-image']);
  const subject = { key: 'rows', about: 'Rows that wait' };
  const answer = yield* errorsToFindings(subject, () =>
    notion.call({ doing: 'read the rows that wait' }, (client) =>
      client.dataSources.query({ data_source_id: source.id, filter, page_size: pageSize, result_type: 'page' }),
    ),
  );
  if (!answer) return;
  const { results, has_more: more } = queryAnswer.parse(answer);
  yield { ...subject, state: 'well', message: `${results.length}${more ? ' or more' : ''}` };
}

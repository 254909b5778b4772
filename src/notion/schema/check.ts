import { z } from 'zod';
import { BoardError } from '../../core/errors.ts';
import { errorsToFindings, type Finding } from '../../core/finding.ts';
import { boardProperties, type PropertyKey, type PropertyType, statusNames } from '../../core/properties.ts';
import { keysOf } from '../../lib/records.ts';
import type { NotionClient } from '../client/client.ts';
import { type Identity, readIdentity, smallestUploadLimit } from '../client/identity.ts';
import { type BoardAddress, type BoardNames, settingForProperty, settingForStatus } from '../settings.ts';
import { type DataSource, propertyFor, readDataSource } from './data-source.ts';
import {
  noPlaceForImage,
  noStatus,
  noStatusOption,
  optionFilter,
  optionsOf,
  requiredStatuses,
  wrongType,
} from './schema.ts';

const mebibyte = 1024 * 1024;
const pageSize = 100;
/** The id of a row that no board has. */
const missingRow = '00000000-0000-4000-8000-000000000000';

const queryAnswer = z.object({ results: z.array(z.unknown()), has_more: z.boolean().default(false) });

/** Checks everything in Notion that the worker needs, and changes nothing; an empty `database` ends it after the token. */
export async function* checkBoard(notion: NotionClient, address: BoardAddress): AsyncGenerator<Finding> {
  const token = { key: 'token', about: 'Notion token' };
  const identity = yield* errorsToFindings(token, () => readIdentity(notion));
  if (!identity) return;
  yield { ...token, state: 'well', message: identity.description };
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
    yield* checkSchema(source, address);
  }
  yield* checkCapability({ key: 'capability.upload', about: 'May upload files' }, () =>
    notion.call({ doing: 'begin an upload' }, (client) =>
      // It gets no bytes and expires within the hour.
      client.fileUploads.create({ mode: 'single_part', filename: 'doctor.png', content_type: 'image/png' }),
    ),
  );
  yield* checkCapability({ key: 'capability.update', about: 'May update rows' }, () => updateMissingRow(notion));
  if (source) yield* checkRows(notion, source, address);
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

async function* checkCapability(
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
async function updateMissingRow(notion: NotionClient): Promise<void> {
  try {
    await notion.call({ doing: 'update rows' }, (client) =>
      client.pages.update({ page_id: missingRow, properties: {} }),
    );
  } catch (error) {
    if (!(error instanceof BoardError) || error.failure !== 'gone') throw error;
  }
}

async function* checkRows(
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

/** Every property and status option, one by one. */
function checkSchema(source: DataSource, names: BoardNames): Finding[] {
  const properties = keysOf(boardProperties).map((key) => checkProperty(source, key, names));
  const hasPlace = properties.some(
    ({ key, state }) => state === 'well' && (key === 'property.image' || key === 'property.imageFile'),
  );
  const place: Finding = {
    key: 'place',
    about: 'Place for the picture',
    state: 'problem',
    message: noPlaceForImage(names.properties),
  };
  return [...properties, ...(hasPlace ? [] : [place]), ...checkOptions(source, names)];
}

function checkProperty(source: DataSource, key: PropertyKey, { properties: names }: BoardNames): Finding {
  const subject = { key: `property.${key}`, about: `Property "${names[key]}"` };
  const found = propertyFor(source, key, names);
  const types: readonly PropertyType[] = boardProperties[key].types;
  if (found && types.some((type) => type === found.type)) {
    return { ...subject, state: 'well', message: `of type ${found.type}` };
  }
  if (found) return { ...subject, state: 'problem', message: wrongType(key, names, found.type) };
  if (key === 'status') return { ...subject, state: 'problem', message: noStatus(names) };
  return {
    ...subject,
    state: 'note',
    message: `Not there, and optional: add it as ${types.join(' or ')} to use it, or name yours with ${settingForProperty(key)}.`,
  };
}

function checkOptions(source: DataSource, { properties, statuses }: BoardNames): Finding[] {
  const status = propertyFor(source, 'status', properties);
  if (status?.type !== 'status' && status?.type !== 'select') return [];
  const options = optionsOf(status);
  return keysOf(statusNames).map((state) => {
    const subject = { key: `status.${state}`, about: `Option "${statuses[state]}"` };
    if (options.some(({ name }) => name === statuses[state])) return { ...subject, state: 'well', message: 'there' };
    if (requiredStatuses.includes(state))
      return { ...subject, state: 'problem', message: noStatusOption(state, statuses, options) };
    return {
      ...subject,
      state: 'note',
      message: `Not there; it serves publishing only: add it for that, or name yours with ${settingForStatus(state)}.`,
    };
  });
}

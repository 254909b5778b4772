import type { UpdateDataSourceParameters } from '@notionhq/client';
import type { PropertyKey } from '../../core/properties.ts';
import type { NotionClient } from '../client/client.ts';
import { type DataSource, propertyFor, readDataSource } from './data-source.ts';
import type { BoardAddress } from '../settings.ts';
import { optionsOf } from './schema.ts';
import { newProperty, statusOptions } from './new-property.ts';

type Changes = NonNullable<UpdateDataSourceParameters['properties']>;

/** Properties that every board is better with; the others are for editors who steer more than the prompt. */
const recommended: readonly PropertyKey[] = [
  'name',
  'status',
  'prompt',
  'caption',
  'image',
  'imageFile',
  'model',
  'provider',
  'error',
  'generatedAt',
];

/** What the board lacks, in words: 'the property "Prompt"', 'the option "Failed" of "Status"'. */
export async function missingInBoard(notion: NotionClient, address: BoardAddress): Promise<string[]> {
  return planRepair(await readDataSource(notion, address.database), address).additions;
}

/** Adds what the board lacks by now, and answers with it. Nothing that is there is changed or removed. */
export async function repairBoard(notion: NotionClient, address: BoardAddress): Promise<string[]> {
  // Read at the last moment, for an option that was added after the reading would be removed by the writing.
  const source = await readDataSource(notion, address.database);
  const { additions, changes } = planRepair(source, address);
  if (additions.length > 0) {
    await notion.call({ doing: 'add what the database lacks' }, (client) =>
      client.dataSources.update({ data_source_id: source.id, properties: changes }),
    );
  }
  return additions;
}

/** The additions in words and as Notion takes them; a property of a wrong type is left alone. */
function planRepair(source: DataSource, address: BoardAddress): { additions: string[]; changes: Changes } {
  const { properties: names, statuses } = address;
  const missing = recommended.filter((key) => !propertyFor(source, key, names));
  const changes: Changes = Object.fromEntries(missing.map((key) => [names[key], newProperty(key, statuses)]));
  const additions = missing.map((key) => `the property "${names[key]}"`);

  const status = propertyFor(source, 'status', names);
  if (status?.type !== 'status' && status?.type !== 'select') return { additions, changes };
  const present = optionsOf(status);
  const absent = statusOptions(statuses).filter(({ name }) => present.every((option) => option.name !== name));
  if (absent.length === 0) return { additions, changes };
  // Notion deletes an option that is left out of such a list (2026-11).
  const options = [...present.map(({ id }) => ({ id })), ...absent];
  changes[status.id] = status.type === 'status' ? { status: { options } } : { select: { options } };
  return {
    additions: [...additions, ...absent.map(({ name }) => `the option "${name}" of "${names.status}"`)],
    changes,
  };
}

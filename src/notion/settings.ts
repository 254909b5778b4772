import { extractNotionId } from '@notionhq/client';
import type { Environment } from '../core/environment.ts';
import {
  boardProperties,
  type PropertyKey,
  type PropertyNames,
  statusNames,
  type StatusNames,
} from '../core/properties.ts';
import { mapValues } from '../lib/records.ts';

/** How Notion is asked, and what the parts of a board are called. */
export interface WorkspaceSettings {
  token: string;
  apiUrl: string;
  requestsPerMinute: number;
  properties: PropertyNames;
  statuses: StatusNames;
}

/** The same with the board's place. */
export interface NotionSettings extends WorkspaceSettings {
  /** A database id or data-source id, dashed. */
  database: string;
}

/** What the parts of a board are called. */
export type BoardNames = Pick<WorkspaceSettings, 'properties' | 'statuses'>;

/** Where the board is and what its parts are called. */
export type BoardAddress = Pick<NotionSettings, 'database' | 'properties' | 'statuses'>;

/** Reads the settings of a board: those of its workspace, and NOTION_DATABASE_ID. */
export function readNotionSettings(environment: Environment): NotionSettings {
  const workspace = readWorkspaceSettings(environment);
  const given = environment.optional('NOTION_DATABASE_ID');
  const database = given === undefined ? undefined : extractNotionId(given);
  if (given === undefined) {
    environment.problem(
      'NOTION_DATABASE_ID is not set: open the database in Notion, copy its link and put it into .env, or make a new one with npm run init.',
    );
  } else if (!database) {
    environment.problem(
      `NOTION_DATABASE_ID is "${given}": give the database's id, a data source's id, or the page's address.`,
    );
  }
  return { ...workspace, database: database ?? '' };
}

/** Reads NOTION_TOKEN, NOTION_API_URL, NOTION_REQUESTS_PER_MINUTE and the names of properties and status options. */
export function readWorkspaceSettings(environment: Environment): WorkspaceSettings {
  const token = environment.secret('NOTION_TOKEN');
  if (token === undefined) {
    environment.problem(
      'NOTION_TOKEN is not set: create a connection at notion.so/developers and put its token into .env.',
    );
  }
  return {
    token: token ?? '',
    apiUrl: environment.url('NOTION_API_URL', 'https://api.notion.com'),
    requestsPerMinute: environment.number('NOTION_REQUESTS_PER_MINUTE', {
      fallback: 180,
      min: 1,
      max: 1_000_000,
      whole: true,
    }),
    properties: readNames(
      environment,
      mapValues(boardProperties, (property) => property.name),
      settingForProperty,
    ),
    statuses: readNames(environment, statusNames, settingForStatus),
  };
}

/** The setting that renames the property: Image file → `NOTION_PROPERTY_IMAGE_FILE`. */
export function settingForProperty(key: PropertyKey): string {
  return `NOTION_PROPERTY_${upperSnakeCase(boardProperties[key].name)}`;
}

/** The setting that renames the status option: Needs image → `NOTION_STATUS_NEEDS_IMAGE`. */
export function settingForStatus(state: keyof StatusNames): string {
  return `NOTION_STATUS_${upperSnakeCase(statusNames[state])}`;
}

function readNames<K extends string>(
  environment: Environment,
  defaults: Record<K, string>,
  settingFor: (key: K) => string,
): Record<K, string> {
  const taken = new Map<string, string>();
  return mapValues(defaults, (usual, key) => {
    const setting = settingFor(key);
    const name = environment.text(setting, usual);
    const other = taken.get(name);
    if (other !== undefined) environment.problem(`${setting} and ${other} are both "${name}": give each its own name.`);
    taken.set(name, setting);
    return name;
  });
}

function upperSnakeCase(words: string): string {
  return words.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');
}

/** Is it Notion's own API, so that the addresses of its pages lead somewhere? An emulator's do not. */
export function isNotionItself(apiUrl: string): boolean {
  return /(?:^|\.)notion\.com$/.test(new URL(apiUrl).hostname);
}

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfig, settingsRead } from '../../src/config/config.ts';
import { ConfigError } from '../../src/core/errors.ts';

const required = { NOTION_TOKEN: 'ntn_test', NOTION_DATABASE_ID: '1234567890abcdef1234567890abcdef' };

function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    readConfig({ ...required, ...variables });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the settings', () => {
  it('need nothing but the board and its token', () => {
    expect(readConfig(required)).toMatchObject({
      notion: { token: 'ntn_test', apiUrl: 'https://api.notion.com', requestsPerMinute: 180 },
      rowTimeoutMs: 300_000,
      imagesDir: 'images',
      schedule: '*/5 * * * *',
      timeZone: 'UTC',
      logLevel: 'info',
    });
  });

  it('take the page address of the database for its id', () => {
    const address =
      'https://www.notion.so/team/Posts-1234567890abcdef1234567890abcdef?v=0000567890abcdef1234567890abcdef';
    expect(readConfig({ ...required, NOTION_DATABASE_ID: address }).notion.database).toBe(
      '12345678-90ab-cdef-1234-567890abcdef',
    );
  });

  it('tell every mistake at once, each naming its setting and what to do', () => {
    const problems = problemsOf({
      NOTION_TOKEN: '',
      NOTION_DATABASE_ID: 'my board',
      NOTION_API_URL: 'notion',
      NOTION_REQUESTS_PER_MINUTE: 'many',
      IMAGE_PROVIDERS: 'dalle,placeholder',
      ROW_TIMEOUT_SECONDS: '0',
      MONTHLY_BUDGET_USD: '$5',
      SYNC_SCHEDULE: 'often',
      TIMEZONE: 'Mars/Base',
      LOG_LEVEL: 'loud',
      NOTION_PROPERTY_PROMPT: 'Caption',
    });
    for (const name of [
      'NOTION_TOKEN',
      'NOTION_DATABASE_ID',
      'NOTION_API_URL',
      'NOTION_REQUESTS_PER_MINUTE',
      'IMAGE_PROVIDERS',
      'ROW_TIMEOUT_SECONDS',
      'MONTHLY_BUDGET_USD',
      'SYNC_SCHEDULE',
      'TIMEZONE',
      'LOG_LEVEL',
      'NOTION_PROPERTY_',
    ]) {
      expect(
        problems.filter((problem) => problem.includes(name)),
        name,
      ).toHaveLength(1);
    }
  });

  it('tell no budget from a budget of nothing', () => {
    expect(readConfig(required).monthlyBudgetUsd).toBeUndefined();
    expect(readConfig({ ...required, MONTHLY_BUDGET_USD: '0' }).monthlyBudgetUsd).toBe(0);
    expect(readConfig({ ...required, MONTHLY_BUDGET_USD: '7.5' }).monthlyBudgetUsd).toBe(7.5);
  });

  it('read an empty value as unset', () => {
    expect(readConfig({ ...required, LOG_LEVEL: ' ', IMAGES_DIR: '' })).toMatchObject({
      logLevel: 'info',
      imagesDir: 'images',
    });
  });

  it('read a secret from the file that NAME_FILE names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
    try {
      const file = join(folder, 'token');
      await writeFile(file, 'ntn_from_file\n');
      const config = readConfig({ ...required, NOTION_TOKEN: '', NOTION_TOKEN_FILE: file });
      expect(config.notion.token).toBe('ntn_from_file');
      expect(config.secrets).toContain('ntn_from_file');
      expect(problemsOf({ NOTION_TOKEN: '', NOTION_TOKEN_FILE: join(folder, 'none') }).join()).toContain(
        'NOTION_TOKEN_FILE',
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('stand in .env.example, all of them and with their defaults', () => {
    const example = parseEnv(readFileSync(new URL('../../.env.example', import.meta.url), 'utf8'));
    expect(Object.keys(example).toSorted()).toEqual([...settingsRead({ ...required })].toSorted());
    const filled = { ...example, ...required };
    expect(JSON.stringify(readConfig(filled))).toBe(JSON.stringify(readConfig(required)));
  });

  it('stand in the README, all of them', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const inTable = [...settingsRead({ ...required })].filter((name) => !/^NOTION_(PROPERTY|STATUS)_/.test(name));
    expect(inTable.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  it('give a Config or a ConfigError, whatever the environment holds', () => {
    const names = [...settingsRead(required)];
    const environment = fc.dictionary(
      fc.constantFrom(...names),
      fc.string({ unit: 'binary', size: 'max', maxLength: 60 }),
      {
        size: 'max',
        maxKeys: 20,
      },
    );
    fc.assert(
      fc.property(environment, (variables) => {
        for (const problem of problemsOf(variables)) expect(problem).toMatch(/^[A-Z_]+ /);
      }),
    );
  });
});

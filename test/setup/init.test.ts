import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openInit } from '../../src/app/commands.ts';
import { readInitConfig } from '../../src/config/config.ts';
import { BoardError, ConfigError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { initBoard, listPages } from '../../src/setup/init.ts';
import type { WorkerRig } from '../support/worker/setup.ts';
import { examineRig, keysIn, openHealthyRig } from '../support/setup/doctor.ts';

function makerIn({ variables }: WorkerRig, overrides: Record<string, string> = {}) {
  const { NOTION_TOKEN, NOTION_API_URL } = variables;
  const config = readInitConfig({ NOTION_TOKEN, NOTION_API_URL, ...overrides });
  return openInit(config, { log: silentLog, signal: new AbortController().signal });
}

async function envFileWith(text: string | undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'init-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, '.env');
  if (text !== undefined) await writeFile(file, text);
  return file;
}

describe('init', () => {
  it('makes a board in which doctor finds nothing to mend and sync just works', async () => {
    const rig = await openHealthyRig();
    const { id, url, rowsMissing } = await makerIn(rig).create(rig.board.rootPageId);
    expect(rowsMissing).toBeUndefined();
    expect(url).toContain(id.replaceAll('-', ''));
    const variables = { NOTION_DATABASE_ID: id };
    const findings = await examineRig(rig, variables);
    expect([...keysIn(findings, 'problem'), ...keysIn(findings, 'note')]).toEqual([]);
    expect(findings.find(({ key }) => key === 'rows')?.message).toBe('3');
    expect(await rig.pass(variables)).toMatchObject({ done: 3, failed: 0 });
    expect(await rig.pictures()).toHaveLength(3);
    expect(rig.outcomes.map(({ post }) => post.title)).toContain('A slow Sunday breakfast');
    expect(rig.outcomes.every(({ post }) => post.prompt !== '')).toBe(true);
  });

  it('takes the names that the settings give', async () => {
    const rig = await openHealthyRig();
    const names = {
      NOTION_PROPERTY_NAME: 'Titel',
      NOTION_PROPERTY_STATUS: 'Stand',
      NOTION_PROPERTY_FORMAT: 'Draft',
      NOTION_STATUS_NEEDS_IMAGE: 'Bild fehlt',
      NOTION_STATUS_APPROVED: 'Draft',
    };
    const { id } = await makerIn(rig, names).create(rig.board.rootPageId);
    expect(await rig.pass({ ...names, NOTION_DATABASE_ID: id })).toMatchObject({ done: 3, failed: 0 });
  });

  it('needs no database in the settings, but a token', () => {
    expect(() => readInitConfig({})).toThrow(/^NOTION_TOKEN is not set[^\n]*$/);
    expect(readInitConfig({ NOTION_TOKEN: 'ntn_x' }).notion.token).toBe('ntn_x');
  });

  it('lists the pages that the connection sees, and no rows', async () => {
    const rig = await openHealthyRig();
    rig.addRows(2);
    expect(await listPages(makerIn(rig))).toEqual([['Embedded board', rig.board.rootPageId]]);
    expect(rig.board.count('databases.create')).toBe(0);
  });

  it('says what to do when the connection sees no page', async () => {
    const rig = await openHealthyRig({ shared: false });
    await expect(listPages(makerIn(rig))).rejects.toThrow(/no page: .*••• → Connections/);
  });

  it('says that the page is not shared', async () => {
    const rig = await openHealthyRig({ shared: false });
    const failure: unknown = await makerIn(rig)
      .create(rig.board.rootPageId)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toMatch(new RegExp(`no page with the id ${rig.board.rootPageId}: .*Connections.*--page`));
  });

  it('says which capability is missing', async () => {
    const rig = await openHealthyRig({ capabilities: { insertContent: false } });
    await expect(makerIn(rig).create(rig.board.rootPageId)).rejects.toThrow(
      /create the database: switch on “Insert content”/,
    );
  });

  it('says where to look when the answer got lost, and makes no second one', async () => {
    const rig = await openHealthyRig();
    rig.board.fault({ kind: 'committed_503', route: 'databases.create' });
    const failure: unknown = await makerIn(rig)
      .create(rig.board.rootPageId)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BoardError);
    expect(String(failure)).toMatch(/see under the page whether the database is there/);
    expect(rig.board.count('databases.create')).toBe(1);
  });

  it('tells of the database although its rows were not made', async () => {
    const rig = await openHealthyRig();
    rig.board.fault({ kind: 'error_500', route: 'pages.create', nth: 2 });
    const envFile = await envFileWith(undefined);
    const said: string[] = [];
    const print = (text: string) => void said.push(text);
    const dialogue = { print, ask: async () => true, envFile, outside: undefined };
    expect(await initBoard(makerIn(rig), rig.board.rootPageId, dialogue)).toBe(2);
    expect(said.join('\n')).toMatch(
      /The database is at https.*\nNOTION_DATABASE_ID=.*\nThe database is there, but not all/,
    );
    expect(await readFile(envFile, 'utf8')).toMatch(/^NOTION_DATABASE_ID=/);
  });
});

describe('the line for .env', () => {
  const maker = { pages: async () => [], create: async () => ({ id: 'new', url: 'https://www.notion.so/new' }) };

  async function init(options: { text?: string; ask?: (question: string) => Promise<boolean>; outside?: string }) {
    const envFile = await envFileWith(options.text);
    const said: string[] = [];
    const print = (text: string) => void said.push(text);
    const code = await initBoard(maker, 'page', { print, ask: options.ask, envFile, outside: options.outside });
    return { code, said: said.join('\n'), text: await readFile(envFile, 'utf8').catch(() => undefined) };
  }

  it('is written after a yes', async () => {
    const { code, text, said } = await init({ text: 'NOTION_TOKEN=ntn_x\n', ask: async () => true });
    expect({ code, text }).toEqual({ code: 0, text: 'NOTION_TOKEN=ntn_x\nNOTION_DATABASE_ID=new\n' });
    expect(said).toMatch(/has it now\. Next: npm run sync/);
  });

  it('is only shown after a no, and when there is nobody to ask', async () => {
    for (const given of [{ ask: async () => false }, {}]) {
      const { code, text, said } = await init(given);
      expect({ code, text }).toEqual({ code: 0, text: undefined });
      expect(said).toMatch(/NOTION_DATABASE_ID=new\nNext: put this line into/);
    }
  });

  it('names the id that it would replace', async () => {
    const questions: string[] = [];
    const ask = async (question: string) => questions.push(question) > 1;
    await init({ text: 'NOTION_DATABASE_ID=old\n', ask });
    expect(questions).toEqual([expect.stringMatching(/ in place of old\?$/)]);
  });

  it('is told to be in vain when the environment has another', async () => {
    expect((await init({ ask: async () => true, outside: 'other' })).said).toMatch(
      /is also set outside of .*, to other, and that one counts/,
    );
  });
});

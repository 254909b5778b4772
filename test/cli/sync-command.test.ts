import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoProperties } from '../../src/cli/demo/demo.ts';
import { openWorkerRig } from '../support/worker/setup.ts';
import {
  canary,
  expectSentence,
  hasScript,
  jsonLines,
  onTerminal,
  startServer,
  temporaryFolder,
  withoutStderr,
} from '../support/cli/checks.ts';
import { runCommand, startCommand } from '../support/cli/command.ts';

describe('sync --dry-run', () => {
  it('lists the rows and writes nothing anywhere', async () => {
    const rig = await openWorkerRig();
    const ids = rig.addRows(3);
    const { code, output } = await runCommand(['sync', '--dry-run'], rig.variables, { wrap: withoutStderr });
    expect(code).toBe(0);
    const lines = jsonLines(output);
    expect(lines.slice(0, -1).map(({ post, status }) => ({ post, status }))).toEqual(
      ids.map((post) => ({ post, status: 'Needs image' })),
    );
    expect(lines.at(-1)).toMatchObject({ rows: 3 });
    expect(await readdir(rig.folder)).toEqual([]);
    const routes = ['databases.retrieve', 'dataSources.retrieve', 'users.me', 'dataSources.query'];
    expect(rig.board.count()).toBe(routes.reduce((sum, route) => sum + rig.board.count(route), 0));
    expect(ids.map((id) => rig.database.row(id).writes)).toEqual([0, 0, 0]);
  });

  it('works beside a running start', async () => {
    const rig = await openWorkerRig();
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: '0 0 1 1 *' });
    await start.printed('Pass finished');
    const lock = await readFile(join(rig.folder, '.state', 'lock'), 'utf8');
    rig.addRows(2);
    const { code, output } = await runCommand(['sync', '--dry-run'], rig.variables);
    expect(code, output).toBe(0);
    expect(jsonLines(output).at(-1)).toMatchObject({ rows: 2 });
    expect(await readFile(join(rig.folder, '.state', 'lock'), 'utf8')).toBe(lock);
    start.kill('SIGTERM');
    expect(await start.ended).toMatchObject({ code: 143 });
  });

  it('heeds --limit and --page', async () => {
    const rig = await openWorkerRig();
    const [, , third = ''] = rig.addRows(3);
    const limited = await runCommand(['sync', '--dry-run', '--limit', '2'], rig.variables);
    expect(jsonLines(limited.output).at(-1)).toMatchObject({ rows: 2 });
    const one = await runCommand(['sync', '--dry-run', '--page', third], rig.variables);
    expect(jsonLines(one.output)).toMatchObject([{ post: third }, { rows: 1 }]);
    expect(await rig.pictures()).toEqual([]);
  });
});

describe('sync', () => {
  it('takes at most so many rows as --limit says', async () => {
    const rig = await openWorkerRig();
    const ids = rig.addRows(5);
    const { code, output } = await runCommand(['sync', '--limit', '3'], rig.variables);
    expect(code, output).toBe(0);
    expect(jsonLines(output).at(-1)).toMatchObject({ done: 3, failed: 0, skipped: 0 });
    const statuses = ids.map((id) => rig.database.row(id).values['Status']);
    expect(statuses.filter((status) => status === 'Needs image')).toHaveLength(2);
  });

  it.each([
    ['its id', (id: string) => id],
    ['its id without dashes', (id: string) => id.replaceAll('-', '')],
    ["its page's address", (id: string) => `https://www.notion.so/team/Post-1-${id.replaceAll('-', '')}?pvs=4`],
  ])('takes only the row that --page names by %s', async (_, name) => {
    const rig = await openWorkerRig();
    const [first = '', second = ''] = rig.addRows(2);
    const { code, output } = await runCommand(['sync', '--page', name(second)], rig.variables);
    expect(code, output).toBe(0);
    expect(rig.database.row(first).values['Status']).toBe('Needs image');
    expect(rig.database.row(second).values['Status']).toBe('Image ready');
  });

  it('takes no page of another database', async () => {
    const rig = await openWorkerRig();
    const other = rig.board.createDatabase('Other posts', demoProperties());
    const id = other.addRow({ Name: 'Stray', Status: 'Needs image' });
    const ended = await runCommand(['sync', '--page', id], { ...rig.variables, LOG_LEVEL: 'error' });
    expect(ended).toMatchObject({ code: 1 });
    expectSentence(ended, 'belongs to another database', 'check the id');
    expect(other.row(id).writes).toBe(0);
    expect(await rig.pictures()).toEqual([]);
  });

  it('takes no page that is not there', async () => {
    const rig = await openWorkerRig();
    const ended = await runCommand(['sync', '--page', rig.database.dataSourceId], {
      ...rig.variables,
      LOG_LEVEL: 'error',
    });
    expect(ended).toMatchObject({ code: 1 });
    expectSentence(ended, 'read a row', 'deleted, or is no longer shared');
  });

  it.each([[], ['--dry-run']])('takes no page that is not marked %s', async (...flags) => {
    const rig = await openWorkerRig();
    const [id = ''] = rig.addRows(1, { Status: 'Approved' });
    const variables = { ...rig.variables, LOG_LEVEL: 'error' };
    const ended = await runCommand(['sync', '--page', id, ...flags], variables);
    expect(ended).toMatchObject({ code: 1 });
    expectSentence(ended, 'stands at "Approved"', 'mark it for a picture');
    expect(rig.database.row(id).writes).toBe(0);
    expect(await rig.pictures()).toEqual([]);
  });

  it('ends with 1 when a row failed, and serves the others', async () => {
    const rig = await openWorkerRig();
    const [, bad = ''] = [...rig.addRows(1), ...rig.addRows(1, { Width: 7 }), ...rig.addRows(1)];
    const { code, output } = await runCommand(['sync'], rig.variables);
    expect(code, output).toBe(1);
    expect(jsonLines(output).at(-1)).toMatchObject({ done: 2, failed: 1, skipped: 0 });
    expect(rig.database.row(bad).values).toMatchObject({ Status: 'Failed', Error: expect.stringMatching(/Width/) });
  });
});

describe('usage', () => {
  it.each([
    [['sync', '--limit', 'many'], /'many' is invalid. Give a whole number/],
    [['sync', '--limit', '0'], /'0' is invalid. Give a whole number/],
    [['sync', '--limit', '-1'], /Give a whole number|argument missing/],
    [['sync', '--page', 'the soup'], /'the soup' is invalid. Give the page's id or its address/],
    [['sync', '--page'], /argument missing/],
    [['sync', '--fast'], /unknown option '--fast'/],
    [['sync', 'everything'], /too many arguments/],
    [['demo', '--port'], /unknown option '--port'/],
    [['publish'], /unknown command 'publish'/],
  ])('answers %j with a sentence and 2', async (args, sentence) => {
    const { code, output } = await runCommand(args, {});
    expect(code, output).toBe(2);
    expect(output).toMatch(sentence);
    expect(output.trimEnd().split('\n').filter(Boolean)).toEqual([
      expect.stringMatching(/^error: /),
      'Add --help to see what can be given.',
    ]);
  });

  it('shows the help and ends with 2 when no command is given', async () => {
    const { code, output } = await runCommand([], {});
    expect(output).toMatch(/Usage: notion-to-facebook/);
    expect(code).toBe(2);
  });

  it.each([
    [[], ['sync', 'start', 'demo']],
    [['sync'], ['--dry-run', '--limit <rows>', '--page <id>']],
    [['start'], ['schedule']],
    [['demo'], ['--serve', '--real']],
  ])('names options and exit codes in the help of %j', async (command, words) => {
    const { code, output } = await runCommand([...command, '--help'], {});
    expect(code).toBe(0);
    for (const word of [...words, 'Exit codes: 0 all done', '130, 143', '.env.example']) expect(output).toContain(word);
  });
});

describe('output', () => {
  it('is JSON lines without a terminal, the last with the counts', async () => {
    const rig = await openWorkerRig();
    rig.addRows(3);
    const { code, output } = await runCommand(['sync'], rig.variables, { wrap: withoutStderr });
    expect(code).toBe(0);
    const lines = jsonLines(output);
    for (const line of lines) expect(line).toMatchObject({ level: 'info', time: expect.any(String) });
    expect(lines.filter(({ file }) => typeof file === 'string')).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({ done: 3, failed: 0, skipped: 0, costUsd: 0 });
  });

  it.each(['warn', 'silent'])('is none at LOG_LEVEL=%s when there is nothing to say', async (level) => {
    const rig = await openWorkerRig();
    rig.addRows(1);
    const { code, output } = await runCommand(['sync'], { ...rig.variables, LOG_LEVEL: level });
    expect({ code, output }).toEqual({ code: 0, output: '' });
  });

  it('tells more at LOG_LEVEL=debug', async () => {
    const rig = await openWorkerRig();
    rig.addRows(1);
    const { output } = await runCommand(['sync'], { ...rig.variables, LOG_LEVEL: 'debug' });
    expect(jsonLines(output).map(({ level }) => level)).toContain('debug');
  });

  it.skipIf(!hasScript)('is for people on a terminal: lines, a bar and a table (needs script)', async () => {
    const rig = await openWorkerRig({ latencyMs: 40 });
    rig.addRows(6);
    const { code, output } = await runCommand(['sync'], rig.variables, { wrap: onTerminal });
    expect(code, output).toBe(0);
    expect(output).toMatch(/[█░]{30} \d\/6 rows/);
    for (let index = 0; index < 6; index += 1) expect(output).toMatch(new RegExp(`"Post ${index}": freeapi_`));
    expect(output).toContain('Pass finished: 6 done, 0 failed, 0 skipped');
    const [head = '', numbers = ''] = output.split('\n').filter((line) => line.startsWith('│') || /│ Done/.test(line));
    expect(head).toMatch(/Done .* Failed .* Skipped .* Providers used .* Time .* Cost/);
    expect(numbers).toMatch(/6 .* 0 .* 0 .* Free API Placeholder × 6 .* s .* free/);
    expect(output).not.toContain('{"level"');
  });

  it.skipIf(!hasScript)('lists a dry run as a table on a terminal (needs script)', async () => {
    const rig = await openWorkerRig();
    const variables = rig.variables;
    const none = await runCommand(['sync', '--dry-run'], variables, { wrap: onTerminal });
    expect(none.output).toContain('No row waits.');
    const [id = ''] = rig.addRows(1);
    const { code, output } = await runCommand(['sync', '--dry-run'], variables, { wrap: onTerminal });
    expect(code).toBe(0);
    expect(output).toMatch(new RegExp(`Post 0 .* Needs image .* ${id}`));
  });
});

describe('secrets', () => {
  const providerKey = 'canary-3c9d-of-the-key';
  const password = 'canary-52ee-of-the-password';

  it('show nowhere, not even when a provider repeats them and everything is logged', async () => {
    const rig = await openWorkerRig({ token: canary });
    const [id = ''] = rig.addRows(1);
    const { url } = await startServer(500, ({ headers }) => ({
      error: `Not accepted: ${headers.authorization}, ${providerKey}, ${password}`,
      detail: { headers },
    }));
    const { code, output } = await runCommand(['sync'], {
      ...rig.variables,
      LOG_LEVEL: 'debug',
      IMAGE_PROVIDERS: 'huggingface,stable-diffusion,placeholder',
      HUGGINGFACE_API_KEY: providerKey,
      HF_PROVIDER: 'hf-inference',
      HF_ENDPOINT: url,
      HF_HUB_URL: url,
      SD_ENABLED: 'true',
      SD_API_URL: url,
      SD_API_AUTH: `operator:${password}`,
    });
    expect(code, output).toBe(0);
    expect(output).toContain('Not accepted');
    const kept: string[] = [output, JSON.stringify(rig.database.row(id).values)];
    for (const file of await readdir(rig.folder, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) kept.push(await readFile(join(file.parentPath, file.name), 'latin1'));
    }
    const encoded = Buffer.from(`operator:${password}`).toString('base64');
    for (const text of kept) {
      for (const secret of [canary, providerKey, password, encoded]) expect(text).not.toContain(secret);
    }
  });

  it.each(['NOTION_TOKEN', 'NOTION_TOKEN_FILE'])('show nowhere when Notion repeats the token of %s', async (name) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'token'), `${canary}\n`);
    const { url } = await startServer(400, ({ headers }) => ({
      object: 'error',
      status: 400,
      code: 'validation_error',
      message: `headers.authorization should not be ${headers.authorization}`,
    }));
    await mkdir(join(folder, 'images'));
    const { code, output } = await runCommand(['sync'], {
      [name]: name.endsWith('_FILE') ? join(folder, 'token') : canary,
      NOTION_DATABASE_ID: '0'.repeat(32),
      NOTION_API_URL: url,
      IMAGES_DIR: join(folder, 'images'),
      LOG_LEVEL: 'debug',
    });
    expect(code, output).toBe(1);
    expect(output).toContain('should not be Bearer [secret]');
    expect(output).not.toContain(canary);
  });
});

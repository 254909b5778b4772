import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openWorkerRig } from '../support/worker/setup.ts';
import { canary, expectSentence, hasScript, onTerminal, temporaryFolder } from '../support/cli/checks.ts';
import { runCommand, startCommand } from '../support/cli/command.ts';

/** Types an answer beforehand. */
const answering = (answer: string) => ['sh', '-c', `echo ${answer} | script -qec "$*" /dev/null`, 'sh'];

/** A bare board, and a folder in which commands run. */
async function openBareRig() {
  const rig = await openWorkerRig({ token: canary, maxUploadBytes: 1024 ** 3 });
  const database = rig.board.createDatabase('Bare', { Name: { title: {} } });
  const cwd = await temporaryFolder();
  return { rig, database, cwd, variables: { ...rig.variables, NOTION_DATABASE_ID: database.id } };
}

describe('doctor', () => {
  it('tells each finding in a line and ends with 0 when all is well', async () => {
    const rig = await openWorkerRig({ token: canary });
    const cwd = await temporaryFolder();
    const { code, output } = await runCommand(['doctor'], rig.variables, { cwd });
    expect(code, output).toBe(0);
    expect(output).toMatch(/^✓ Settings: /m);
    expect(output).toMatch(/^✓ Notion token: connection "Embedded board"/m);
    expect(output).toMatch(/^! Upload limit: 5 MiB a file/m);
    expect(output).toMatch(/^✓ Option "Needs image": there$/m);
    expect(output).not.toContain(canary);
  });

  it('ends with 2 when something is to be mended, shows no secret and tells how to mend the board', async () => {
    const { cwd, variables } = await openBareRig();
    const { code, output } = await runCommand(['doctor'], { ...variables, TIMEZONE: 'Mars' }, { cwd });
    expect(code, output).toBe(2);
    expect(output).toMatch(/^✗ Settings: TIMEZONE is "Mars"/m);
    expect(output).toMatch(/^✗ Property "Status": The database has no property/m);
    expect(output).toMatch(/npm run doctor -- --fix/);
    expect(output).not.toContain(canary);
  });

  it('adds nothing without a terminal to ask on, and ends with 2', async () => {
    const { rig, cwd, variables } = await openBareRig();
    const { code, output } = await runCommand(['doctor', '--fix'], variables, { cwd });
    expect(code, output).toBe(2);
    expect(output).toMatch(/To be added to the database: the property "Status"/);
    expect(output).toMatch(/run it again with --yes/);
    expect(rig.board.count('dataSources.update')).toBe(0);
  });

  it('adds what is missing with --yes', async () => {
    const { cwd, variables } = await openBareRig();
    const { code, output } = await runCommand(['doctor', '--fix', '--yes'], variables, { cwd });
    expect(code, output).toBe(0);
    expect(await runCommand(['sync'], variables, { cwd })).toMatchObject({ code: 0 });
  });

  it.skipIf(!hasScript)('asks on a terminal, and takes silence for a no (needs script)', async () => {
    const { rig, cwd, variables } = await openBareRig();
    for (const wrap of [onTerminal, answering('n')]) {
      const { code, output } = await runCommand(['doctor', '--fix'], variables, { cwd, wrap });
      expect(code, output).toBe(2);
      expect(output).toMatch(/│ ✗ │ Property "Status"/);
      expect(output).toMatch(/Add them\? \(y\/N\)/);
    }
    expect(rig.board.count('dataSources.update')).toBe(0);
    const { code, output } = await runCommand(['doctor', '--fix'], variables, { cwd, wrap: answering('y') });
    expect(code, output).toBe(0);
    expect(rig.board.count('dataSources.update')).toBe(1);
  });

  it('stops at a signal', async () => {
    const rig = await openWorkerRig({ token: canary });
    rig.board.fault({ kind: 'hang', route: 'users.me' });
    const command = startCommand(['doctor'], rig.variables, { cwd: await temporaryFolder() });
    await vi.waitUntil(() => rig.board.count('users.me') > 0, { timeout: 30_000 });
    command.kill('SIGTERM');
    expect((await command.ended).code).toBe(143);
  });
});

describe('init', () => {
  it('leads from a token alone to rows with pictures', async () => {
    const rig = await openWorkerRig({ token: canary });
    const cwd = await temporaryFolder();
    const { NOTION_TOKEN = '', NOTION_API_URL = '' } = rig.variables;
    await writeFile(
      join(cwd, '.env'),
      `NOTION_TOKEN=${NOTION_TOKEN}\nNOTION_API_URL=${NOTION_API_URL}\nIMAGE_PROVIDERS=placeholder\n`,
      { mode: 0o600 },
    );
    const listed = await runCommand(['init'], {}, { cwd });
    expect(listed.code, listed.output).toBe(2);
    expect(listed.output).toMatch(new RegExp(`Embedded board.*${rig.board.rootPageId}`));
    expect(listed.output).toMatch(/npm run init -- --page/);

    const address = `https://www.notion.so/Embedded-board-${rig.board.rootPageId.replaceAll('-', '')}`;
    const made = await runCommand(['init', '--page', address, '--yes'], {}, { cwd });
    expect(made.code, made.output).toBe(0);
    expect(made.output).toMatch(/The database is at https:.*\nNOTION_DATABASE_ID=[0-9a-f-]{36}\n/);
    expect(made.output).not.toContain(canary);
    expect(await readFile(join(cwd, '.env'), 'utf8')).toMatch(/^NOTION_TOKEN=.*\n.*\n.*\nNOTION_DATABASE_ID=.{36}\n$/);

    expect(await runCommand(['doctor'], {}, { cwd })).toMatchObject({ code: 0 });
    const synced = await runCommand(['sync'], {}, { cwd });
    expect(synced.code, synced.output).toBe(0);
    expect(synced.output).toMatch(/3 done, 0 failed/);
  });

  it('says in a sentence what keeps it from working', async () => {
    const rig = await openWorkerRig({ token: canary, shared: false });
    const cwd = await temporaryFolder();
    const { NOTION_TOKEN = '', NOTION_API_URL = '' } = rig.variables;
    const variables = { NOTION_TOKEN, NOTION_API_URL };
    const refused = async (args: string[], settings: Record<string, string>, ...gist: string[]) => {
      const ended = await runCommand(['init', ...args], settings, { cwd });
      expect(ended.code, ended.output).toBe(2);
      expectSentence(ended, ...gist);
    };
    const under = ['--page', rig.board.rootPageId];
    await refused([], variables, 'no page', '••• → Connections');
    await refused(under, variables, rig.board.rootPageId, 'Connections', '--page');
    Object.assign(rig.board.options, { shared: true, capabilities: { insertContent: false } });
    await refused(under, variables, 'switch on “Insert content”');
    await refused([], { NOTION_API_URL }, 'NOTION_TOKEN is not set');
  });
});

import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { statusNames } from '../../src/core/properties.ts';
import { demoProperties } from '../../src/cli/demo/demo.ts';
import { exitCodeOf } from '../../src/cli/terminal/exit.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createRandom } from '../support/random.ts';
import {
  canary,
  closedAddress,
  expectSentence,
  expectUntouched,
  openSecretRig,
  startServer,
  statuses,
  temporaryFolder,
} from '../support/cli/checks.ts';
import { runCommand } from '../support/cli/command.ts';

describe('the HTTP server of start', () => {
  it('says that its port is in use, and serves no row', async () => {
    const rig = await openSecretRig();
    rig.addRows(1);
    const other = createServer();
    onTestFinished(() => void other.close());
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const ended = await runCommand(['start'], { ...rig.variables, PORT: port, LOG_LEVEL: 'error' });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, `PORT ${port} is in use`, 'set PORT');
    await expectUntouched(rig);
  });

  it('says that others could reach it while nobody can be known', async () => {
    const rig = await openSecretRig();
    const ended = await runCommand(['start'], { ...rig.variables, HOST: '0.0.0.0' });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'HOST is "0.0.0.0"', 'set API_TOKENS or JWT_SECRET');
  });
});

describe('access and board', () => {
  it('says that the token is wrong', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    const ended = await runCommand(['sync'], {
      ...rig.variables,
      NOTION_TOKEN: `${canary}-of-another`,
      LOG_LEVEL: 'error',
    });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'Notion refused the token', 'check NOTION_TOKEN');
    await expectUntouched(rig);
  });

  it('says that the database is not shared', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    rig.board.options.shared = false;
    const ended = await runCommand(['sync'], rig.variables);
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, rig.database.id, 'Connections', 'NOTION_DATABASE_ID');
    await expectUntouched(rig);
  });

  it('lists the data sources when there are several', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    const other = rig.database.addDataSource('Archive', demoProperties());
    const ended = await runCommand(['sync'], rig.variables);
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, `Archive (${other})`, rig.database.dataSourceId, 'set NOTION_DATABASE_ID');
    await expectUntouched(rig);

    const chosen = { ...rig.variables, NOTION_DATABASE_ID: rig.database.dataSourceId };
    expect(await runCommand(['sync'], chosen)).toMatchObject({ code: 0 });
    expect(statuses(rig.database)).toEqual(['Image ready', 'Image ready']);
  });

  it('says that the Status property is missing', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    rig.database.renameProperty('Status', 'State');
    const ended = await runCommand(['sync'], rig.variables);
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'no property "Status"', 'add a Status property', 'NOTION_PROPERTY_STATUS');
    expect(rig.board.count('pages.update')).toBe(0);

    const named = { ...rig.variables, NOTION_PROPERTY_STATUS: 'State' };
    expect(await runCommand(['sync'], named)).toMatchObject({ code: 0 });
  });

  it('says that there is no place for the picture', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    for (const name of ['Image', 'Image file']) rig.database.removeProperty(name);
    const ended = await runCommand(['sync'], rig.variables);
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'no place for the picture', '"Image"', '"Image file"', 'NOTION_PROPERTY_IMAGE');
    await expectUntouched(rig);
  });

  it('says which status option is missing', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    rig.database.removeOption('Status', 'Image ready');
    const ended = await runCommand(['sync'], rig.variables);
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'no option "Image ready"', 'it has "Needs image"', 'NOTION_STATUS_IMAGE_READY');
    await expectUntouched(rig);
  });

  it('says which status option a setting names in vain', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    const ended = await runCommand(['sync'], { ...rig.variables, NOTION_STATUS_NEEDS_IMAGE: 'Bild fehlt' });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'no option "Bild fehlt"', 'add it in Notion', 'NOTION_STATUS_NEEDS_IMAGE');
    await expectUntouched(rig);
  });

  it('another service at the address of Notion', async () => {
    const rig = await openSecretRig();
    const { url } = await startServer(200, () => ({ hello: 'world' }));
    const ended = await runCommand(['sync'], { ...rig.variables, NOTION_API_URL: url });
    expect(ended.code, ended.output).toBe(2);
    expectSentence(ended, 'What answers at NOTION_API_URL is not Notion');
  });

  it('says that the address of the API has a path too many', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    const { url } = await startServer(400, () => ({
      object: 'error',
      status: 400,
      code: 'invalid_request_url',
      message: 'Invalid request URL.',
    }));
    const ended = await runCommand(['sync'], { ...rig.variables, NOTION_API_URL: `${url}/v1` });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'check NOTION_API_URL');
    await expectUntouched(rig);
  });

  it('takes a select for the Status property', async () => {
    const rig = await openSecretRig();
    const options = Object.values(statusNames).map((name) => ({ name }));
    const database = rig.board.createDatabase('Simple', {
      Name: { title: {} },
      Status: { select: { options } },
      Image: { files: {} },
    });
    database.addRow({ Name: 'Geese', Status: 'Needs image' });
    const ended = await runCommand(['sync'], { ...rig.variables, NOTION_DATABASE_ID: database.id });
    expect(ended).toMatchObject({ code: 0 });
    expect(statuses(database)).toEqual(['Image ready']);
  });

  it('serves a board with German names by settings alone', async () => {
    const rig = await openSecretRig();
    const database = rig.board.createDatabase('Beiträge', {
      Titel: { title: {} },
      Stand: { status: { options: ['Bild fehlt', 'In Arbeit', 'Bild fertig', 'Fehler'].map((name) => ({ name })) } },
      Bild: { files: {} },
      Bilddatei: { rich_text: {} },
      Fehlermeldung: { rich_text: {} },
    });
    const id = database.addRow({ Titel: 'Gänse im Nebel', Stand: 'Bild fehlt' });
    const ended = await runCommand(['sync'], {
      ...rig.variables,
      NOTION_DATABASE_ID: database.id,
      NOTION_PROPERTY_NAME: 'Titel',
      NOTION_PROPERTY_STATUS: 'Stand',
      NOTION_PROPERTY_IMAGE: 'Bild',
      NOTION_PROPERTY_IMAGE_FILE: 'Bilddatei',
      NOTION_PROPERTY_ERROR: 'Fehlermeldung',
      NOTION_STATUS_NEEDS_IMAGE: 'Bild fehlt',
      NOTION_STATUS_GENERATING: 'In Arbeit',
      NOTION_STATUS_IMAGE_READY: 'Bild fertig',
      NOTION_STATUS_FAILED: 'Fehler',
    });
    expect(ended).toMatchObject({ code: 0 });
    const [picture] = await rig.pictures();
    expect(database.row(id).values).toMatchObject({ Stand: 'Bild fertig', Bilddatei: picture, Fehlermeldung: '' });
  });

  it('ends with 3 when Notion is out of reach for a minute', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    const clock = createFakeClock();
    const runtime = { clock, random: createRandom(1) };
    const failure: unknown = await rig
      .pass({ NOTION_API_URL: await closedAddress() }, runtime)
      .catch((error: unknown) => error);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(60_000);
    expect(clock.monotonic()).toBeLessThan(75_000);

    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const code = exitCodeOf(failure, new AbortController().signal);
    const output = told.mock.calls.join('');
    told.mockRestore();
    expect({ code, output }).toMatchObject({ code: 3 });
    expectSentence({ output }, 'could not be reached for 60 s', 'ECONNREFUSED', 'Check the network');
    await expectUntouched(rig);
  });
});

describe('settings', () => {
  it('says that no provider is configured', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    const ended = await runCommand(['sync'], { ...rig.variables, IMAGE_PROVIDERS: 'huggingface,stable-diffusion' });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'IMAGE_PROVIDERS leaves nobody to ask', 'HUGGINGFACE_API_KEY', 'placeholder');
    await expectUntouched(rig);
  });

  it('tells every mistake at once, each in a line', async () => {
    const cwd = await temporaryFolder();
    const { code, output } = await runCommand(
      ['sync'],
      {
        NOTION_TOKEN_FILE: join(cwd, 'absent'),
        NOTION_DATABASE_ID: 'the posts',
        NOTION_API_URL: 'notion',
        NOTION_REQUESTS_PER_MINUTE: 'many',
        SYNC_SCHEDULE: 'now and then',
        TIMEZONE: 'Mars/Olympus',
        LOG_LEVEL: 'loud',
        IMAGE_PROVIDERS: 'dalle',
        ROW_TIMEOUT_SECONDS: '-1',
      },
      { cwd },
    );
    expect(code).toBe(2);
    const lines = output.trimEnd().split('\n');
    for (const name of [
      'NOTION_TOKEN_FILE',
      'NOTION_DATABASE_ID',
      'NOTION_API_URL',
      'NOTION_REQUESTS_PER_MINUTE',
      'SYNC_SCHEDULE',
      'TIMEZONE',
      'LOG_LEVEL',
      'IMAGE_PROVIDERS',
      'ROW_TIMEOUT_SECONDS',
    ]) {
      expect(lines.filter((line) => line.startsWith(`${name} `))).toHaveLength(1);
    }
    expect(output).not.toMatch(/\n\s+at /);
    expect(await readdir(cwd)).toEqual([]);
  });

  it('says that .env cannot be read', async () => {
    const cwd = await temporaryFolder();
    await mkdir(join(cwd, '.env'));
    const ended = await runCommand(['sync'], {}, { cwd });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, 'The file .env in this folder cannot be read');
  });
});

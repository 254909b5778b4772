import { describe, expect, it } from 'vitest';
import { openRepair } from '../../src/app/commands.ts';
import { readConfig } from '../../src/config/config.ts';
import { silentLog } from '../../src/lib/log.ts';
import { statusNames } from '../../src/core/properties.ts';
import { Client } from '@notionhq/client';
import type { Finding } from '../../src/core/finding.ts';
import { offerRepair } from '../../src/setup/repair.ts';
import type { WorkerRig } from '../support/worker/setup.ts';
import { examineRig, keysIn, openHealthyRig } from '../support/setup/doctor.ts';

const signal = new AbortController().signal;

function repairOf(rig: WorkerRig, databaseId: string) {
  return openRepair(readConfig({ ...rig.variables, NOTION_DATABASE_ID: databaseId }), { log: silentLog, signal });
}

/** The columns as the API shows them. */
async function columnsOf({ board }: WorkerRig, dataSourceId: string) {
  const client = new Client({ auth: board.token, baseUrl: board.url, notionVersion: '2026-03-11' });
  const source = await client.dataSources.retrieve({ data_source_id: dataSourceId });
  if (!('properties' in source)) throw new Error('no properties');
  return source.properties;
}

describe('the repair of a board', () => {
  it('adds required and recommended properties and every status option, after which the worker can work', async () => {
    const rig = await openHealthyRig();
    const database = rig.board.createDatabase('Bare', { Title: { title: {} } });
    const repair = repairOf(rig, database.id);
    expect(await repair.lacking()).toEqual(
      ['Status', 'Prompt', 'Caption', 'Image', 'Image file', 'Model', 'Provider', 'Error', 'Generated at'].map(
        (name) => `the property "${name}"`,
      ),
    );
    await repair.add();
    expect(await repair.lacking()).toEqual([]);
    const findings = await examineRig(rig, { NOTION_DATABASE_ID: database.id });
    expect(keysIn(findings, 'problem')).toEqual([]);

    const id = database.addRow({ Title: 'Geese', Prompt: 'Geese', Status: 'Needs image' });
    expect(await rig.pass({ NOTION_DATABASE_ID: database.id })).toMatchObject({ done: 1 });
    expect(database.row(id).values['Status']).toBe('Image ready');
  });

  it('marks no row by a new Status property', async () => {
    const rig = await openHealthyRig();
    const database = rig.board.createDatabase('Bare', { Title: { title: {} } });
    database.addRow({ Title: 'An old post' });
    await repairOf(rig, database.id).add();
    const later = database.addRow({ Title: 'A new post' });
    expect(database.row(later).values['Status']).toBe('Draft');
    expect(await rig.pass({ NOTION_DATABASE_ID: database.id })).toMatchObject({ done: 0, failed: 0 });
  });

  it.each(['status', 'select'] as const)(
    'adds options to a %s and keeps each that is there, with its rows',
    async (type) => {
      const rig = await openHealthyRig();
      const options = [
        { name: 'Idea', color: 'pink' as const, description: 'Only a thought' },
        { name: 'Failed', color: 'brown' as const },
      ];
      const database = rig.board.createDatabase('Posts', {
        Name: { title: {} },
        Status: type === 'status' ? { status: { options } } : { select: { options } },
        Image: { files: {} },
        Mood: { select: { options: [{ name: 'Glad' }] } },
      });
      const id = database.addRow({ Name: 'Geese', Status: 'Idea', Mood: 'Glad' });
      const before = await columnsOf(rig, database.dataSourceId);
      const repair = repairOf(rig, database.id);
      expect(await repair.lacking()).toContain('the option "Needs image" of "Status"');
      await repair.add();

      const after = await columnsOf(rig, database.dataSourceId);
      expect(after).toMatchObject({ Mood: before['Mood'], Name: before['Name'], Image: before['Image'] });
      const optionsIn = (columns: typeof after) => {
        const status = columns['Status'];
        if (status?.type === 'status') return status.status.options;
        return status?.type === 'select' ? status.select.options : [];
      };
      expect(optionsIn(after).slice(0, 2)).toEqual(optionsIn(before));
      expect(optionsIn(after).map(({ name }) => name)).toEqual([
        'Idea',
        'Failed',
        ...Object.values(statusNames).filter((name) => name !== 'Failed'),
      ]);
      expect(database.row(id).values).toMatchObject({ Status: 'Idea', Mood: 'Glad' });
    },
  );

  it('keeps an option that somebody added while it was being asked', async () => {
    const rig = await openHealthyRig();
    rig.database.removeOption('Status', 'Failed');
    const repair = repairOf(rig, rig.database.id);
    await repair.lacking();
    const present = Object.values(statusNames).filter((name) => name !== 'Failed');
    rig.database.setPropertySchema('Status', {
      status: { options: [...present, 'Parked'].map((name) => ({ name })) },
    });
    await repair.add();
    const { Status: status } = await columnsOf(rig, rig.database.dataSourceId);
    expect(status?.type === 'status' && status.status.options.map(({ name }) => name)).toEqual([
      ...present,
      'Parked',
      'Failed',
    ]);
  });

  it('leaves a property of a wrong type alone', async () => {
    const rig = await openHealthyRig();
    rig.database.setPropertySchema('Prompt', { url: {} });
    const repair = repairOf(rig, rig.database.id);
    expect(await repair.lacking()).toEqual([]);
    await repair.add();
    expect((await columnsOf(rig, rig.database.dataSourceId))['Prompt']?.type).toBe('url');
    expect(rig.board.count('dataSources.update')).toBe(0);
  });

  it('says which capability it needs', async () => {
    const rig = await openHealthyRig();
    rig.database.removeProperty('Prompt');
    rig.board.options.capabilities = { updateContent: false };
    await expect(repairOf(rig, rig.database.id).add()).rejects.toThrow(
      /add what the database lacks: switch on “Update content”/,
    );
  });
});

describe('the offer to repair', () => {
  const well: Finding[] = [{ key: 'database', about: 'Database', state: 'well', message: '' }];
  const ill: Finding[] = [...well, { key: 'property.prompt', about: 'Prompt', state: 'problem', message: '' }];

  function offer(options: { findings?: Finding[]; additions?: string[]; ask?: (() => Promise<boolean>) | undefined }) {
    const { findings = ill, additions = ['the property "Prompt"'], ask } = options;
    const said: string[] = [];
    const done: string[] = [];
    const repair = {
      lacking: async () => additions,
      add: async () => {
        done.push('added');
        return additions;
      },
    };
    const check = async () => {
      done.push('checked');
      return well;
    };
    const code = offerRepair(findings, { repair, check, ask, print: (text) => void said.push(text) });
    return code.then((code) => ({ code, done, said: said.join('\n') }));
  }

  it('adds after a yes and checks again', async () => {
    expect(await offer({ ask: async () => true })).toMatchObject({ code: 0, done: ['added', 'checked'] });
  });

  it('adds nothing after a no', async () => {
    expect(await offer({ ask: async () => false })).toMatchObject({ code: 2, done: [] });
    expect(await offer({ findings: well, ask: async () => false })).toMatchObject({ code: 0, done: [] });
  });

  it('tells what it would do when there is nobody to ask, and ends with 2', async () => {
    const { code, done, said } = await offer({ findings: well });
    expect({ code, done }).toEqual({ code: 2, done: [] });
    expect(said).toMatch(/the property "Prompt".*\n.*--yes/);
  });

  it('asks nothing when nothing is lacking', async () => {
    expect(await offer({ additions: [] })).toMatchObject({ code: 2, done: [] });
  });

  it('offers nothing for a database that was not found', async () => {
    const findings: Finding[] = [{ key: 'database', about: 'Database', state: 'problem', message: '' }];
    expect(await offer({ findings, ask: async () => true })).toEqual({ code: 2, done: [], said: '' });
  });
});

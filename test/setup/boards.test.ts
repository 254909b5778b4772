import { describe, expect, it } from 'vitest';
import { openRepair } from '../../src/app/commands.ts';
import { readConfig } from '../../src/config/config.ts';
import { silentLog } from '../../src/lib/log.ts';
import { statusNames } from '../../src/core/properties.ts';
import { examineRig, keysIn, openHealthyRig } from '../support/setup/doctor.ts';

const german = {
  NOTION_PROPERTY_NAME: 'Titel',
  NOTION_PROPERTY_STATUS: 'Stand',
  NOTION_PROPERTY_PROMPT: 'Bildidee',
  NOTION_PROPERTY_CAPTION: 'Text',
  NOTION_PROPERTY_IMAGE: 'Bild',
  NOTION_PROPERTY_IMAGE_FILE: 'Bilddatei',
  NOTION_PROPERTY_ERROR: 'Fehlermeldung',
  NOTION_STATUS_NEEDS_IMAGE: 'Bild fehlt',
  NOTION_STATUS_GENERATING: 'In Arbeit',
  NOTION_STATUS_IMAGE_READY: 'Bild fertig',
  NOTION_STATUS_FAILED: 'Fehlgeschlagen',
};
const germanStates = ['Bild fehlt', 'In Arbeit', 'Bild fertig', 'Fehlgeschlagen'].map((name) => ({ name }));

describe('boards by settings alone', () => {
  it.each(['status', 'select'] as const)('serve in German with a %s', async (type) => {
    const rig = await openHealthyRig();
    const database = rig.board.createDatabase('Beiträge', {
      Titel: { title: {} },
      Stand: type === 'status' ? { status: { options: germanStates } } : { select: { options: germanStates } },
      Bildidee: { rich_text: {} },
      Text: { rich_text: {} },
      Bild: { files: {} },
      Bilddatei: { rich_text: {} },
      Fehlermeldung: { rich_text: {} },
    });
    const id = database.addRow({ Titel: 'Gänse im Nebel', Bildidee: 'Gänse über einem Moor', Stand: 'Bild fehlt' });
    const variables = { ...german, NOTION_DATABASE_ID: database.id };

    const findings = await examineRig(rig, variables);
    expect(keysIn(findings, 'problem')).toEqual([]);
    expect(findings.find(({ key }) => key === 'property.status')).toMatchObject({
      about: 'Property "Stand"',
      message: `of type ${type}`,
    });
    expect(findings.find(({ key }) => key === 'rows')?.message).toBe('1');

    expect(await rig.pass(variables)).toMatchObject({ done: 1, failed: 0 });
    const [picture] = await rig.pictures();
    expect(database.row(id).values).toMatchObject({ Stand: 'Bild fertig', Bilddatei: picture, Fehlermeldung: '' });
  });

  it('tells in their own words what is missing, and adds it so', async () => {
    const rig = await openHealthyRig();
    const database = rig.board.createDatabase('Beiträge', { Titel: { title: {} }, Stand: { select: {} } });
    const variables = { ...german, NOTION_DATABASE_ID: database.id };
    const findings = await examineRig(rig, variables);
    expect(findings.find(({ key }) => key === 'status.needs-image')?.message).toMatch(
      /no option "Bild fehlt" .*NOTION_STATUS_NEEDS_IMAGE/,
    );
    expect(findings.find(({ key }) => key === 'place')?.message).toMatch(/"Bild" or a text property "Bilddatei"/);

    const config = readConfig({ ...rig.variables, ...variables });
    await openRepair(config, { log: silentLog, signal: new AbortController().signal }).add();
    expect(keysIn(await examineRig(rig, variables), 'problem')).toEqual([]);
    const id = database.addRow({ Titel: 'Gänse', Bildidee: 'Gänse', Stand: 'Bild fehlt' });
    expect(await rig.pass(variables)).toMatchObject({ done: 1 });
    expect(database.row(id).values['Stand']).toBe('Bild fertig');
  });

  it('serve with other English names and a select', async () => {
    const rig = await openHealthyRig();
    const options = Object.values(statusNames).map((name) => ({ name: `${name} (auto)` }));
    const database = rig.board.createDatabase('Content', {
      Headline: { title: {} },
      Stage: { select: { options } },
      Visual: { files: {} },
    });
    const variables = {
      NOTION_DATABASE_ID: database.dataSourceId,
      NOTION_PROPERTY_STATUS: 'Stage',
      NOTION_PROPERTY_IMAGE: 'Visual',
      NOTION_PROPERTY_HEADLINE: 'Card',
      ...Object.fromEntries(
        Object.values(statusNames).map((name) => [
          `NOTION_STATUS_${name.toUpperCase().replace(' ', '_')}`,
          `${name} (auto)`,
        ]),
      ),
    };
    const id = database.addRow({ Headline: 'Geese', Stage: 'Needs image (auto)' });
    expect(keysIn(await examineRig(rig, variables), 'problem')).toEqual([]);
    expect(await rig.pass(variables)).toMatchObject({ done: 1 });
    expect(database.row(id).values['Stage']).toBe('Image ready (auto)');
  });
});

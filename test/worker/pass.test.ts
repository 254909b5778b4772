import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { BoardDatabase } from '../../src/emulators/notion/board-database.ts';
import { openWorkerRig, strayFiles } from '../support/worker/setup.ts';

const imageCell = (database: BoardDatabase, id: string) => {
  const cell = database.row(id).values['Image'];
  return Array.isArray(cell) ? cell : [];
};

describe('a pass over the board', () => {
  it('gives a marked row its picture and tells everything about it', async () => {
    const rig = await openWorkerRig();
    const id = rig.database.addRow({ Name: 'Autumn soup', Prompt: 'A bowl of soup', Status: 'Needs image' });

    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0, skipped: 0, costUsd: 0 });

    const { values } = rig.database.row(id);
    expect(values).toMatchObject({
      Status: 'Image ready',
      Model: 'Free API Placeholder',
      Provider: 'placeholder',
      Error: '',
      Claim: '',
      Cost: 0,
    });
    expect(values['Image file']).toMatch(/^freeapi_generated_\d{8}_\d{6}_1\.png$/);
    expect(values['Why']).toMatch(/^Free API Placeholder, [\d.]+ m?s, free$/);
    expect(values['Generated at']).toBeTruthy();
    const bytes = await rig.file(rig.text(id, 'Image file'));
    expect(imageCell(rig.database, id)).toEqual([
      expect.objectContaining({ name: values['Image file'], bytes: new Uint8Array(bytes) }),
    ]);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 1080, height: 1080 });
  });

  it('keeps the provenance of a picture beside it', async () => {
    const rig = await openWorkerRig();
    const [id] = rig.addRows(1, { Prompt: 'Geese in the mist', 'Negative prompt': 'text' });
    await rig.pass();
    const [picture = ''] = await rig.pictures();
    const provenance: unknown = JSON.parse(await readFile(join(rig.folder, picture.replace('.png', '.json')), 'utf8'));
    expect(provenance).toMatchObject({
      file: picture,
      postId: id,
      generation: 0,
      width: 256,
      height: 256,
      why: expect.stringMatching(/^Free API Placeholder, [\d.]+ m?s, free$/),
      prompt: 'Geese in the mist',
      options: { width: 256, height: 256, negativePrompt: 'text' },
      provider: 'placeholder',
      model: 'Free API Placeholder',
      costUsd: 0,
      sha256: createHash('sha256')
        .update(await rig.file(picture))
        .digest('hex'),
      attempts: [{ provider: 'placeholder', outcome: 'ok' }],
    });
  });

  it('settles 120 rows, then finds nothing to write', async () => {
    const rig = await openWorkerRig();
    const ids = rig.addRows(120);
    expect(await rig.pass()).toMatchObject({ done: 120, failed: 0, skipped: 0 });

    const queries = rig.board.count('dataSources.query');
    expect(rig.board.count() - queries).toBeLessThanOrEqual(4 * 120 + 10);
    for (const id of ids) {
      const files = imageCell(rig.database, id);
      expect(files).toHaveLength(1);
      expect(Buffer.compare(Buffer.from(files[0]?.bytes ?? []), await rig.file(files[0]?.name ?? ''))).toBe(0);
    }
    expect(new Set(await rig.pictures()).size).toBe(120);

    const before = rig.board.count('pages.update') + rig.board.count('fileUploads.create');
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 0, skipped: 0 });
    expect(rig.board.count('pages.update') + rig.board.count('fileUploads.create')).toBe(before);
    expect(await strayFiles(rig.folder)).toEqual([]);
  });

  it('shows editors the claim while there is room for it', async () => {
    const rig = await openWorkerRig();
    const [id = ''] = rig.addRows(1);
    const seen: unknown[] = [];
    rig.board.onExchange(({ route }) => {
      if (route === 'fileUploads.create') seen.push(rig.database.row(id).values);
    });
    await rig.pass();
    expect(seen).toEqual([
      expect.objectContaining({ Status: 'Generating', Claim: expect.stringMatching(/^w-\w+ since 20/) }),
    ]);
  });

  it('does as editors wish who move, edit and delete rows in the middle of it', async () => {
    const rig = await openWorkerRig({ latencyMs: 2 });
    const ids = rig.addRows(100);
    const moved = ids.slice(60, 70);
    const edited = ids.slice(70, 73);
    const deleted = ids.slice(73, 75);
    let settled = 0;
    rig.board.onExchange(({ route, requestBody }) => {
      if (route !== 'pages.update' || !JSON.stringify(requestBody).includes('file_upload')) return;
      settled += 1;
      if (settled !== 10) return;
      for (const id of moved) rig.database.edit(id, { Status: 'Draft' });
      for (const id of edited) rig.database.edit(id, { Prompt: 'Something else' });
      for (const id of deleted) rig.database.trash(id);
    });
    rig.database.setPropertySchema('Status', statusWith('Draft'));

    const summary = await rig.pass();

    expect(summary).toMatchObject({ done: 88, failed: 0 });
    for (const id of moved) {
      expect(rig.database.row(id)).toMatchObject({ writes: 0, values: { Status: 'Draft', 'Image file': '' } });
    }
    for (const id of deleted) expect(rig.database.row(id)).toMatchObject({ writes: 0, inTrash: true });
    for (const id of edited) {
      const { values } = rig.database.row(id);
      expect(values).toMatchObject({ Status: 'Image ready', Prompt: 'Something else' });
      const name = rig.text(id, 'Image file').replace('.png', '.json');
      expect(JSON.parse(String(await rig.file(name)))).toMatchObject({ prompt: 'Something else' });
    }
  });

  it('takes a row again whose prompt is edited while its picture is made', async () => {
    const rig = await openWorkerRig();
    const [id = ''] = rig.addRows(1);
    let edits = 0;
    rig.board.onExchange(({ route }) => {
      if (route === 'fileUploads.send' && edits++ === 0) rig.database.edit(id, { Prompt: 'Changed meanwhile' });
    });
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0, skipped: 0 });
    const name = rig.text(id, 'Image file').replace('.png', '.json');
    expect(JSON.parse(String(await rig.file(name)))).toMatchObject({ prompt: 'Changed meanwhile' });
    expect(rig.database.row(id).values).toMatchObject({ Status: 'Image ready' });
  });

  it('makes another picture of another seed when a settled row is marked again', async () => {
    const rig = await openWorkerRig();
    const [id = ''] = rig.addRows(1);
    await rig.pass();
    const first = rig.text(id, 'Image file');
    rig.database.edit(id, { Status: 'Needs image' });
    expect(await rig.pass()).toMatchObject({ done: 1 });
    const second = rig.text(id, 'Image file');
    expect(second).not.toBe(first);
    expect(imageCell(rig.database, id).map(({ name }) => name)).toEqual([second]);
    const histories = await Promise.all(
      [first, second].map(async (name) => JSON.parse(String(await rig.file(name.replace('.png', '.json'))))),
    );
    expect(histories[0].options.seed).not.toBe(histories[1].options.seed);
    expect(histories[1]).toMatchObject({ generation: 1 });
  });

  it('is not fooled by a look at the board that is older than its own writes', async () => {
    const rig = await openWorkerRig({ staleQueryMs: 3000 });
    const ids = rig.addRows(5);
    await new Promise((resolve) => setTimeout(resolve, 3100));
    await rig.pass();
    await rig.pass();
    expect(await rig.pictures()).toHaveLength(5);
    for (const id of ids) expect(rig.database.row(id).values).toMatchObject({ Status: 'Image ready' });
  });

  it('tells a row what is wrong with it, and serves the others', async () => {
    const rig = await openWorkerRig();
    const [wide = ''] = rig.addRows(1, { Width: 5000 });
    const [empty = ''] = rig.addRows(1, { Name: '', Prompt: '', Caption: '' });
    rig.addRows(3);
    expect(await rig.pass()).toMatchObject({ done: 3, failed: 2 });
    expect(rig.database.row(wide).values).toMatchObject({
      Status: 'Failed',
      Error: 'Width is 5000: give a number from 256 to 2048 or leave it empty. Then set Status to "Needs image".',
    });
    expect(rig.database.row(empty).values).toMatchObject({
      Status: 'Failed',
      Error:
        'Prompt, Name and Caption are all empty: write what the picture is to show. Then set Status to "Needs image".',
    });
    rig.database.edit(wide, { Width: 512 });
    rig.database.edit(wide, { Status: 'Needs image' });
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(rig.database.row(wide).values).toMatchObject({ Status: 'Image ready', Error: '' });
  });

  it('handles whatever people write into a row', async () => {
    const rig = await openWorkerRig();
    const wild = [
      { Name: '../../etc/passwd', Prompt: '../up' },
      { Name: 'x\u0000\u0007\u001b[31mred', Prompt: 'a\u0000b' },
      { Name: '👩‍👩‍👧‍👦🎉', Prompt: '🍲🍂' },
      { Name: 'مرحبا <b>&"\'', Prompt: 'مرحبا' },
      { Name: 'עברית', Prompt: '' },
      { Name: 'Long', Prompt: 'soup '.repeat(4000) },
      { Name: 'N'.repeat(1999), Prompt: '' },
    ];
    for (const values of wild) rig.addRows(1, values);
    expect(await rig.pass()).toMatchObject({ done: wild.length, failed: 0 });
    for (const name of await rig.pictures()) expect(name).toMatch(/^freeapi_generated_\d{8}_\d{6}_\d+\.png$/);
    expect(await rig.pictures()).toHaveLength(wild.length);
  });

  it('gives two rows with the same prompt in the same second two files', async () => {
    const rig = await openWorkerRig();
    const ids = rig.addRows(2, { Name: 'Same', Prompt: 'Same' });
    await rig.pass();
    const names = ids.map((id) => rig.database.row(id).values['Image file']);
    expect(new Set(names).size).toBe(2);
  });

  it('sends a JPEG where the workspace takes no file as large as the picture', async () => {
    const rig = await openWorkerRig({ maxUploadBytes: 20_000 });
    const [id = ''] = rig.addRows(1, { Width: 1024, Height: 1024 });
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
    const { values } = rig.database.row(id);
    expect(values['Image file']).toMatch(/\.jpg$/);
    expect(imageCell(rig.database, id)).toEqual([
      expect.objectContaining({
        name: values['Image file'],
        bytes: new Uint8Array(await rig.file(rig.text(id, 'Image file'))),
      }),
    ]);
    expect(await rig.pictures()).toHaveLength(2);
  });

  it('takes at most so many rows, or one row by its id', async () => {
    const rig = await openWorkerRig();
    const ids = rig.addRows(10);
    const app = await rig.worker();
    expect(await app.sync({ limit: 3 })).toMatchObject({ done: 3 });
    const last = ids.at(-1) ?? '';
    expect(await app.sync({ pageId: last })).toMatchObject({ done: 1 });
    expect(rig.database.row(last).values).toMatchObject({ Status: 'Image ready' });
    await expect(app.sync({ pageId: last })).rejects.toThrow(
      'The row stands at "Image ready": mark it for a picture in Notion first.',
    );
  });

  it('skips optional properties that the board lacks', async () => {
    const rig = await openWorkerRig();
    for (const name of ['Model', 'Provider', 'Error', 'Why', 'Cost', 'Claim', 'Image file', 'Generated at', 'Prompt']) {
      rig.database.removeProperty(name);
    }
    const [id = ''] = ['Only a name'].map((Name) => rig.database.addRow({ Name, Status: 'Needs image' }));
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(imageCell(rig.database, id)).toHaveLength(1);
  });

  it('goes on when properties are renamed and removed in the middle of it', async () => {
    const rig = await openWorkerRig();
    const ids = rig.addRows(40);
    let sent = 0;
    rig.board.onExchange(({ route }) => {
      if (route !== 'fileUploads.send' || ++sent !== 5) return;
      rig.database.renameProperty('Why', 'Warum');
      rig.database.removeProperty('Cost');
    });
    expect(await rig.pass()).toMatchObject({ done: 40, failed: 0 });
    for (const id of ids) expect(rig.database.row(id).values['Warum']).toMatch(/placeholder/i);
  });
});

function statusWith(...more: string[]) {
  const names = ['Needs image', 'Generating', 'Image ready', 'Failed', 'Approved', ...more];
  return { status: { options: names.map((name) => ({ name })) } };
}

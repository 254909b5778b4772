import { describe, expect, it } from 'vitest';
import { at, imageBlob, setUp, upload } from '../../support/emulators/setup.ts';

async function row() {
  const setup = await setUp();
  const id = setup.database.addRow({ Name: 'Post' });
  const write = async (properties: unknown) => {
    const answer = await setup.call('PATCH', `/pages/${id}`, { properties });
    const body: unknown = await answer.json();
    return answer.status === 200 ? at(body, 'properties') : at(body, 'message');
  };
  return { ...setup, id, write, values: () => setup.database.row(id).values };
}

const long = 'x'.repeat(2001);

describe('a property value', () => {
  it.each([
    ['Name', { title: [{ text: { content: 'New' } }] }, 'New'],
    ['Prompt', { rich_text: [{ text: { content: 'a' } }, { type: 'text', text: { content: 'b' } }] }, 'ab'],
    ['Prompt', { rich_text: [] }, ''],
    ['Status', { status: { name: 'Generating' } }, 'Generating'],
    ['Model', { select: { name: 'flux' } }, 'flux'],
    ['Model', { select: null }, null],
    ['Tags', { multi_select: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] }, 'a, b'],
    ['Steps', { number: 0 }, 0],
    ['Steps', { number: null }, null],
    ['Link', { url: 'https://example.com' }, 'https://example.com'],
    ['Link', { url: null }, null],
    ['Done', { checkbox: true }, true],
    ['Due', { date: { start: '2026-11-21' } }, '2026-11-21'],
    ['Due', { date: { start: '2026-11-21T10:15:42.123Z' } }, '2026-11-21T10:15:00.000+00:00'],
    ['Due', { date: { start: '2026-11-21T10:15:00+02:00' } }, '2026-11-21T10:15:00.000+02:00'],
    ['Due', { date: null }, null],
  ])('is taken: %s %j', async (name, value, plain) => {
    const { write, values } = await row();
    await write({ [name]: value });
    expect(values()[name]).toEqual(plain);
  });

  it.each([
    [{ Nothing: { number: 1 } }, 'Nothing is not a property that exists.'],
    [{ Steps: { checkbox: true } }, 'Steps is expected to be number.'],
    [
      { Steps: { number: '1' } },
      'body failed validation: body.properties.Steps.number should be a number, instead was `"1"`.',
    ],
    [
      { Done: { checkbox: null } },
      'body failed validation: body.properties.Done.checkbox should be a boolean, instead was `null`.',
    ],
    [
      { Link: { url: '' } },
      'body failed validation: body.properties.Link.url.length should be ≥ `1`, instead was `0`.',
    ],
    [
      { Link: { url: long } },
      'body failed validation: body.properties.Link.url.length should be ≤ `2000`, instead was `2001`.',
    ],
    [
      { Prompt: { rich_text: [{ text: { content: long } }] } },
      'body failed validation: body.properties.Prompt.rich_text[0].text.content.length should be ≤ `2000`, instead was `2001`.',
    ],
    [
      { Prompt: { rich_text: Array.from({ length: 101 }, () => ({ text: { content: 'x' } })) } },
      'body failed validation: body.properties.Prompt.rich_text.length should be ≤ `100`, instead was `101`.',
    ],
    [
      { Due: { date: { start: '2022/01/02' } } },
      'body failed validation: body.properties.Due.date.start should be a valid ISO 8601 date string, instead was `"2022/01/02"`.',
    ],
    [
      { Steps: { number: 1, checkbox: true } },
      'body failed validation: body.properties.Steps.checkbox should be not present, instead was `true`.',
    ],
    [
      { Steps: { type: 'checkbox', number: 1 } },
      'body failed validation: body.properties.Steps.checkbox should be defined, instead was `undefined`.',
    ],
    [{ Status: { status: { name: 'Lost' } } }, 'Invalid status option. Status option "Lost" does not exist".'],
    [
      { Status: { status: { name: '' } } },
      'body failed validation: body.properties.Status.status.name.length should be ≥ `1`, instead was `0`.',
    ],
    [{ Model: { select: { name: 'a,b' } } }, 'Invalid select option, commas not allowed: a,b'],
    [{ Model: { select: { id: 'none' } } }, 'Select option with ID "none" does not exist.'],
    [
      { Model: { select: { name: 'flux', color: 'red' } } },
      'Select option color doesn\'t match existing for option with name "flux".',
    ],
    [
      { Image: { files: [{ external: { url: 'https://example.com/a.png' } }] } },
      'body failed validation: body.properties.Image.files[0].name should be defined, instead was `undefined`.',
    ],
    [
      { Image: { files: [{ name: 'x'.repeat(101), external: { url: 'https://e.com' } }] } },
      'body failed validation: body.properties.Image.files[0].name.length should be ≤ `100`, instead was `101`.',
    ],
    [
      { Image: { files: [{ file_upload: { id: 'x' } }] } },
      'body failed validation: body.properties.Image.files[0].file_upload.id should be a valid uuid, instead was `"x"`.',
    ],
  ])('is refused: %j', async (properties, message) => {
    const { write, database, id } = await row();
    const before = database.row(id);
    expect(await write(properties)).toBe(message);
    expect(database.row(id)).toEqual(before);
  });

  it('of an empty object is told every type it could have', async () => {
    const { write } = await row();
    expect(await write({ Steps: {} })).toMatch(
      /^body failed validation\. Fix one:\nbody\.properties\.Steps\.title should be defined, instead was `undefined`\.\n/,
    );
  });

  it('is found by the id of its column as well, encoded or not', async () => {
    const { client, database, write, values } = await row();
    const source = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    const id = source.properties['Steps']?.id ?? '';
    await write({ [id]: { number: 7 } });
    expect(values()['Steps']).toBe(7);
    await write({ [decodeURIComponent(id)]: { number: 8 } });
    expect(values()['Steps']).toBe(8);
  });

  it('shows text with its plain words, link and style', async () => {
    const { write } = await row();
    const shown = await write({
      Prompt: { rich_text: [{ text: { content: 'x', link: { url: 'https://e.com' } }, annotations: { bold: true } }] },
    });
    expect(at(shown, 'Prompt', 'rich_text', 0)).toMatchObject({
      plain_text: 'x',
      href: 'https://e.com',
      annotations: { bold: true, italic: false, color: 'default' },
    });
  });
});

describe('a choice', () => {
  it('makes an unknown select option, and gives it an id and a colour', async () => {
    const { write, client, database } = await row();
    const shown = await write({ Model: { select: { name: 'sd' } }, Tags: { multi_select: [{ name: 'new' }] } });
    const source = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    const options = at(source.properties, 'Model', 'select', 'options');
    expect(options).toMatchObject([{ name: 'flux' }, { name: 'sd', description: null }]);
    expect(at(shown, 'Model', 'select', 'id')).toBe(at(options, 1, 'id'));
    expect(at(source.properties, 'Tags', 'multi_select', 'options')).toMatchObject([{ name: 'new' }]);
  });

  it('makes no option when another part of the write is refused', async () => {
    const { write, client, database } = await row();
    await write({ Model: { select: { name: 'sd' } }, Steps: { checkbox: true } });
    const source = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    expect(at(source.properties, 'Model', 'select', 'options')).toMatchObject([{ name: 'flux' }]);
  });

  it('of a status falls back to the first To-do option when it is null or not given', async () => {
    const { write, values, client, database } = await row();
    expect(values()['Status']).toBe('Needs image');
    await write({ Status: { status: { name: 'Image ready' } } });
    await write({ Status: { status: null } });
    expect(values()['Status']).toBe('Needs image');
    const page = await client.pages.create({ parent: { data_source_id: database.dataSourceId }, properties: {} });
    expect(database.row(page.id).values['Status']).toBe('Needs image');
  });

  it('is taken by id', async () => {
    const { write, client, database, values } = await row();
    const source = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    await write({ Status: { status: { id: at(source.properties, 'Status', 'status', 'options', 1, 'id') } } });
    expect(values()['Status']).toBe('Generating');
  });
});

describe('files', () => {
  it('are replaced as a whole, and kept when they are passed back', async () => {
    const { client, write, values } = await row();
    const first = await write({ Image: { files: [{ file_upload: { id: await upload(client, 'one.png') } }] } });
    const kept = at(first, 'Image', 'files', 0);
    await write({ Image: { files: [kept, { name: 'two', external: { url: 'https://e.com/2.png' } }] } });
    expect(values()['Image']).toMatchObject([{ name: 'one.png' }, { name: 'two', url: 'https://e.com/2.png' }]);
    await write({ Image: { files: [{ name: 'two', external: { url: 'https://e.com/2.png' } }] } });
    expect(values()['Image']).toMatchObject([{ name: 'two' }]);
    await write({ Image: { files: [] } });
    expect(values()['Image']).toEqual([]);
  });

  it('are named by the write, or else by the upload, and never show its id', async () => {
    const { client, write } = await row();
    const id = await upload(client, 'up.png');
    const shown = await write({
      Image: { files: [{ file_upload: { id }, name: 'row.png' }, { file_upload: { id } }] },
    });
    expect(at(shown, 'Image', 'files')).toMatchObject([
      { name: 'row.png', type: 'file' },
      { name: 'up.png', type: 'file' },
    ]);
    expect(JSON.stringify(shown)).not.toContain(id);
  });

  it('have a fresh address on every read, which serves the bytes for an hour', async () => {
    const { client, clock, id, write } = await row();
    const uploadId = await upload(client);
    const url = String(
      at(await write({ Image: { files: [{ file_upload: { id: uploadId } }] } }), 'Image', 'files', 0, 'file', 'url'),
    );
    const served = await fetch(url);
    expect([served.status, served.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(new Uint8Array(await served.arrayBuffer())).toEqual(new Uint8Array(await imageBlob().arrayBuffer()));

    clock.advance(3_600_000);
    const refused = await fetch(url);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('<Code>AccessDenied</Code>');
    const file = at(await client.pages.retrieve({ page_id: id }), 'properties', 'Image', 'files', 0, 'file');
    expect(at(file, 'expiry_time')).toBe(new Date(clock.now() + 3_600_000).toISOString());
    expect((await fetch(String(at(file, 'url')))).status).toBe(200);
  });

  it('are refused with a forged or foreign address', async () => {
    const { client, write } = await row();
    const shown = await write({ Image: { files: [{ file_upload: { id: await upload(client) } }] } });
    const url = String(at(shown, 'Image', 'files', 0, 'file', 'url'));
    expect((await fetch(url.replace(/signature=./, 'signature=!'))).status).toBe(403);
    for (const other of ['https://example.com/a.png', url.replace(/expires=\d+/, 'expires=9999999999')]) {
      expect(await write({ Image: { files: [{ name: 'a', file: { url: other } }] } })).toContain(
        'is not hosted by Notion',
      );
    }
  });
});

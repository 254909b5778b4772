import { describe, expect, it } from 'vitest';
import { at, imageBlob, refusal, setUp, upload, version } from '../../support/emulators/setup.ts';

const hourMs = 3_600_000;
const png = { filename: 'a.png', content_type: 'image/png' };

async function pending(options = {}) {
  const setup = await setUp(options);
  const { id } = await setup.client.fileUploads.create(png);
  const send = (data: Blob = imageBlob(), filename = 'a.png') =>
    setup.client.fileUploads.send({ file_upload_id: id, file: { filename, data } });
  const row = setup.database.addRow({});
  const attach = () =>
    setup.client.pages.update({ page_id: row, properties: { Image: { files: [{ file_upload: { id } }] } } });
  const read = () => setup.client.fileUploads.retrieve({ file_upload_id: id });
  return { ...setup, id, send, row, attach, read };
}

describe('creating a file upload', () => {
  it('begins one that is pending for an hour', async () => {
    const { clock, read, board, id } = await pending();
    expect(await read()).toMatchObject({
      status: 'pending',
      filename: 'a.png',
      content_type: 'image/png',
      content_length: null,
      expiry_time: new Date(clock.now() + hourMs).toISOString(),
      upload_url: `${board.url}/v1/file_uploads/${id}/send`,
    });
  });

  it.each([
    [{ filename: 'a.exe' }, 'extension of "a.exe" is not supported'],
    [{ filename: 'a' }, 'extension of "a" is not supported'],
    [{ filename: 'a.png', content_type: 'text/html' }, '"text/html" is not supported'],
    [{ filename: 'a.png', content_type: 'image/jpeg' }, '"image/jpeg" does not match the file extension of "a.png"'],
    [{ filename: `${'é'.repeat(450)}.png` }, 'body.filename should be at most 900 bytes'],
    [{ content_type: 'image/png' }, 'body.filename should be defined'],
    [{ filename: 'a.png', number_of_parts: 2 }, 'body.number_of_parts should be not present'],
    [{ filename: 'a.png', mode: 'multi_part' }, 'body.mode should be `"single_part"`'],
  ])('is refused with %j', async (body, message) => {
    const { call } = await setUp();
    const answer = await call('POST', '/file_uploads', body);
    expect([answer.status, at(await answer.json(), 'message')]).toEqual([400, expect.stringContaining(message)]);
  });

  it('takes the type from the name', async () => {
    const { client } = await setUp();
    expect(await client.fileUploads.create({ filename: 'a.JPEG' })).toMatchObject({ content_type: 'image/jpeg' });
  });
});

describe('sending a file', () => {
  it('makes the upload complete', async () => {
    const { send, read } = await pending();
    expect(await send(imageBlob(100))).toMatchObject({ status: 'uploaded', content_length: 100 });
    expect(await read()).not.toHaveProperty('upload_url');
  });

  it('is refused twice', async () => {
    const { send } = await pending();
    await send();
    expect(await refusal(send())).toBe(
      '400 validation_error: The file upload is not pending: its status is `uploaded`.',
    );
  });

  it('is refused with another type than was promised', async () => {
    const { send } = await pending();
    expect(await refusal(send(imageBlob(64, 'image/jpeg'), 'a.jpg'))).toContain('"image/jpeg" does not match');
    expect(await refusal(send(imageBlob(64, 'application/octet-stream')))).toContain('is not supported');
  });

  it('is refused above the limit of the plan, which users.me tells', async () => {
    const { send, client } = await pending();
    expect(await client.users.me({})).toMatchObject({
      bot: { workspace_limits: { max_file_upload_size_in_bytes: 5_242_880 } },
    });
    expect(await refusal(send(imageBlob(5_242_881)))).toBe(
      '400 validation_error: The file size is not within the allowed limit of 5 MiB. Please try again with a new file upload.',
    );
    expect(await refusal(send(imageBlob(5_242_880)))).toBe('no refusal');
  });

  it('is refused in one part above 20 MiB on any plan', async () => {
    const { send } = await pending({ maxUploadBytes: 5 * 1024 ** 3 });
    expect(await refusal(send(imageBlob(20 * 1024 * 1024 + 1)))).toContain('above 20 MiB');
  });

  it('is refused when it is empty, or no form', async () => {
    const { board, send, call, id } = await pending();
    expect(await refusal(send(imageBlob(0)))).toContain('The file is empty');
    const noForm = await call('POST', `/file_uploads/${id}/send`, {});
    expect(at(await noForm.json(), 'message')).toBe('The body should be multipart/form-data.');
    const form = new FormData();
    form.set('other', 'x');
    const url = `${board.url}/v1/file_uploads/${id}/send`;
    const headers = { authorization: `Bearer ${board.token}`, 'notion-version': version };
    const noFile = await fetch(url, { method: 'POST', headers, body: form });
    expect(at(await noFile.json(), 'message')).toContain('body.file should be');
  });
});

describe('attaching a file', () => {
  it('needs the bytes', async () => {
    const { attach, id } = await pending();
    expect(await refusal(attach())).toBe(
      `404 object_not_found: Could not find file_upload with ID: ${id}. Confirm the status of the file upload is \`uploaded\` and that your integration has capabilities to update or insert content.`,
    );
  });

  it('makes it permanent and may be done again', async () => {
    const { attach, send, clock, read } = await pending();
    await send();
    await attach();
    expect(await read()).toMatchObject({ expiry_time: null });
    clock.advance(2 * hourMs);
    expect(await refusal(attach())).toBe('no refusal');
    expect(await read()).toMatchObject({ status: 'uploaded' });
  });

  it('makes nothing permanent when the write is refused', async () => {
    const { client, send, read, row, id } = await pending();
    await send();
    const properties = { Image: { files: [{ file_upload: { id } }] }, Nothing: { number: 1 } };
    expect(await refusal(client.pages.update({ page_id: row, properties }))).toContain('not a property that exists');
    expect(await read()).not.toMatchObject({ expiry_time: null });
  });

  it('is too late after an hour', async () => {
    const { attach, send, clock, read } = await pending();
    await send();
    clock.advance(hourMs);
    expect(await read()).toMatchObject({ status: 'expired' });
    expect(await refusal(attach())).toContain('404 object_not_found');
    expect(await refusal(send())).toContain('its status is `expired`');
  });

  it('is too early within the lag', async () => {
    const { attach, send, clock } = await pending({ attachLagMs: 1000 });
    await send();
    clock.advance(999);
    expect(await refusal(attach())).toContain('404 object_not_found');
    clock.advance(1);
    expect(await refusal(attach())).toBe('no refusal');
  });
});

describe('an upload that is not there', () => {
  it('is not found', async () => {
    const { client, database } = await setUp();
    expect(await refusal(client.fileUploads.retrieve({ file_upload_id: database.id }))).toContain(
      '404 object_not_found: Could not find file_upload',
    );
  });
});

describe('the held bytes', () => {
  it('are let go from the oldest on when there are too many', async () => {
    const { client, database } = await setUp({ maxHeldBytes: 100 });
    const files = [await upload(client), await upload(client)].map((id) => ({ file_upload: { id } }));
    const page = await client.pages.update({ page_id: database.addRow({}), properties: { Image: { files } } });
    const served = async (index: number) =>
      (await fetch(String(at(page, 'properties', 'Image', 'files', index, 'file', 'url')))).status;
    expect([await served(0), await served(1)]).toEqual([404, 200]);
  });
});

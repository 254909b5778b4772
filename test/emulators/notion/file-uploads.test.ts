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
    [{ mode: 'multi_part', number_of_parts: 2 }, 'body.filename should be defined'],
    [{ mode: 'multi_part', filename: 'a.png' }, 'body.number_of_parts should be defined'],
    [{ filename: 'a.png', number_of_parts: 2 }, 'body.number_of_parts should be not present'],
    [{ mode: 'external_url', external_url: 'https://e.com/a.png' }, 'body.mode should be `"single_part"` or'],
  ])('is refused with %j', async (body, message) => {
    const { call } = await setUp();
    const answer = await call('POST', '/file_uploads', body);
    expect([answer.status, at(await answer.json(), 'message')]).toEqual([400, expect.stringContaining(message)]);
  });

  it('completes the name from the type, and the type from the name', async () => {
    const { client } = await setUp();
    expect(await client.fileUploads.create({ filename: 'a', content_type: 'image/jpeg' })).toMatchObject({
      filename: 'a.jpg',
    });
    expect(await client.fileUploads.create({ filename: 'a.JPEG' })).toMatchObject({ content_type: 'image/jpeg' });
    expect(await client.fileUploads.create({})).toMatchObject({ filename: null, content_type: null });
  });
});

describe('sending a file', () => {
  it('makes the upload complete', async () => {
    const { board, send, id, read } = await pending();
    expect(await send(imageBlob(100))).toMatchObject({ status: 'uploaded', content_length: 100 });
    expect(await read()).not.toHaveProperty('upload_url');
    expect(board.uploadBytes(id)).toHaveLength(100);
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

  it('without a name or type of its own takes those of the part', async () => {
    const { client } = await setUp();
    const { id } = await client.fileUploads.create({});
    const sent = await client.fileUploads.send({ file_upload_id: id, file: { filename: 'b.png', data: imageBlob() } });
    expect(sent).toMatchObject({ filename: 'b.png', content_type: 'image/png' });
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

const part = (data: Blob, number: string) => ({ file: { filename: 'a.png', data }, part_number: number });

describe('an upload in parts', () => {
  const fiveMib = 5 * 1024 * 1024;

  it('is complete when every part was sent and it is told so', async () => {
    const { client, board } = await setUp({ maxUploadBytes: 10 * fiveMib });
    const created = await client.fileUploads.create({ mode: 'multi_part', filename: 'a.png', number_of_parts: 2 });
    const id = { file_upload_id: created.id };
    expect(created).toMatchObject({ complete_url: `${board.url}/v1/file_uploads/${created.id}/complete` });
    await client.fileUploads.send({ ...id, ...part(imageBlob(100), '2') });
    expect(await refusal(client.fileUploads.complete(id))).toContain('Not all parts were sent: 1 of 2');
    const sent = await client.fileUploads.send({ ...id, ...part(imageBlob(fiveMib), '1') });
    expect(sent).toMatchObject({ status: 'pending', number_of_parts: { total: 2, sent: 2 } });
    expect(await client.fileUploads.complete(id)).toMatchObject({ status: 'uploaded', content_length: fiveMib + 100 });
    expect(board.uploadBytes(created.id)?.[0]).toBe(0x89);
  });

  it('is refused with parts that are too small, unnumbered or too many', async () => {
    const { client } = await setUp();
    const { id } = await client.fileUploads.create({ mode: 'multi_part', filename: 'a.png', number_of_parts: 2 });
    const send = (data: Blob, number?: string) =>
      client.fileUploads.send({
        file_upload_id: id,
        file: { filename: 'a.png', data },
        ...(number !== undefined && { part_number: number }),
      });
    expect(await refusal(send(imageBlob(100), '1'))).toContain('5 to 20 MiB');
    expect(await refusal(send(imageBlob(100)))).toContain('body.part_number should be defined');
    expect(await refusal(send(imageBlob(100), '3'))).toContain('should be ≤ `2`, instead was `3`');
    expect(await refusal(send(imageBlob(100), 'x'))).toContain('body.part_number');
  });

  it('is refused above the limit when it is completed', async () => {
    const { client } = await setUp({ maxUploadBytes: 10 });
    const { id } = await client.fileUploads.create({ mode: 'multi_part', filename: 'a.png', number_of_parts: 1 });
    await client.fileUploads.send({ file_upload_id: id, ...part(imageBlob(11), '1') });
    expect(await refusal(client.fileUploads.complete({ file_upload_id: id }))).toContain('The file size is not within');
  });

  it('is no matter of a single part', async () => {
    const { client, id } = await pending();
    expect(await refusal(client.fileUploads.complete({ file_upload_id: id }))).toContain('Only multi_part');
    expect(await refusal(client.fileUploads.send({ file_upload_id: id, ...part(imageBlob(), '1') }))).toContain(
      'body.part_number should be not present',
    );
  });
});

describe('the list of uploads', () => {
  it('is the newest first, by pages and by status', async () => {
    const { client } = await setUp();
    const first = await upload(client);
    const second = await upload(client);
    const { id: third } = await client.fileUploads.create(png);
    const page = await client.fileUploads.list({ page_size: 2 });
    expect(page.results.map(({ id }) => id)).toEqual([third, second]);
    const rest = await client.fileUploads.list({ page_size: 2, start_cursor: page.next_cursor });
    expect(rest).toMatchObject({ results: [{ id: first }], has_more: false });
    expect((await client.fileUploads.list({ status: 'pending' })).results).toHaveLength(1);
    expect(await refusal(client.fileUploads.list({ start_cursor: third.replace(/^.{8}/, '00000000') }))).toContain(
      'The start_cursor provided is invalid',
    );
  });

  it('leads to no upload that is not there', async () => {
    const { client, database } = await setUp();
    expect(await refusal(client.fileUploads.retrieve({ file_upload_id: database.id }))).toContain(
      '404 object_not_found: Could not find file_upload',
    );
  });
});

describe('the held bytes', () => {
  it('are let go from the oldest on when there are too many', async () => {
    const { client, board } = await setUp({ maxHeldBytes: 100 });
    const first = await upload(client);
    const second = await upload(client);
    expect([board.uploadBytes(first), board.uploadBytes(second)?.byteLength]).toEqual([undefined, 64]);
  });
});

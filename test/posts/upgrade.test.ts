import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { type EmulatedHuggingFace, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { openWorkerRig } from '../support/worker/setup.ts';

const fixtures: Record<string, object> = JSON.parse(
  await readFile(new URL('../fixtures/journal-version-1.json', import.meta.url), 'utf8'),
);
const servers: EmulatedHuggingFace[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const fluxImage = 'flux_generated_20261127_013228_1.png';
const placeholderImage = 'freeapi_generated_20261127_013229_1.png';

/** A board with one row, and an images folder with its journal as version 1 left it. */
async function withVersion1(name: string, values: Record<string, unknown>, image?: string) {
  const rig = await openWorkerRig();
  const server = await startEmulatedHuggingFace({ behaviour: 'ok' });
  servers.push(server);
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface,placeholder',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: server.url,
    HF_HUB_URL: server.hubUrl,
  });
  const [id = ''] = rig.addRows(1, { Prompt: 'Picture 0', ...values });
  const state = join(rig.folder, '.state');
  for (const folder of ['journal', 'retries', 'cards']) await mkdir(join(state, folder), { recursive: true });
  let text = JSON.stringify({ ...fixtures[name], postId: id });
  if (image !== undefined) {
    const bytes = await sharp({ create: { width: 256, height: 256, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    await writeFile(join(rig.folder, image), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    text = text.replaceAll(
      /"sha256":"[0-9a-f]+","byteLength":\d+/g,
      `"sha256":"${sha256}","byteLength":${bytes.byteLength}`,
    );
  }
  await writeFile(join(state, 'journal', `${id}.json`), text);
  const due = async (index: 'retries' | 'cards') => writeFile(join(state, index, id), '1');
  return { rig, server, id, due };
}

describe('a folder that version 1 of the journal was written in', () => {
  it.each(['saving', 'uploading'])('gives a row the image that was made before: %s', async (name) => {
    const { rig, server, id } = await withVersion1(name, { Status: 'Generating' }, fluxImage);
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
    expect(rig.text(id, 'Image file')).toBe(fluxImage);
    expect(server.requests).toBe(0);
  });

  it('repeats a cheap call that was cut off, and tells of it', async () => {
    const { rig, server, id } = await withVersion1('generating with an open call', { Status: 'Generating' });
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0, possibleUsd: 0.003 });
    expect(rig.text(id, 'Why')).toContain('interrupted');
    expect(server.requests).toBe(1);
  });

  it('takes no row that was settled, and begins a new generation when it is marked again', async () => {
    const shown = { Status: 'Image ready', 'Image file': fluxImage, Provider: 'huggingface' };
    const { rig, server, id } = await withVersion1('settled', shown, fluxImage);
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 0, skipped: 0 });
    rig.database.edit(id, { Status: 'Needs image' });
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(server.requests).toBe(1);
    const provenance = JSON.parse((await rig.file(rig.text(id, 'Image file').replace('.png', '.json'))).toString());
    expect(provenance).toMatchObject({ generation: 1 });
  });

  it.each(['settled placeholder', 'healing'])('heals a placeholder: %s', async (name) => {
    const shown = { Status: 'Image ready', 'Image file': placeholderImage, Provider: 'placeholder' };
    const { rig, id, due } = await withVersion1(name, shown);
    await due('cards');
    expect(await rig.pass()).toMatchObject({ done: 1, providers: { 'Hugging Face': 1 } });
    expect(rig.database.row(id).values).toMatchObject({ Status: 'Image ready', Provider: 'huggingface' });
  });

  it('tries a failed row again when it is due', async () => {
    const { rig, id, due } = await withVersion1('settled failure', {
      Status: 'Failed',
      Error: 'No picture could be made',
    });
    await due('retries');
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
    expect(rig.text(id, 'Status')).toBe('Image ready');
  });

  it('is refused in one sentence when a newer version was there', async () => {
    const { rig } = await withVersion1('claimed', { Status: 'Generating' });
    const [id = ''] = rig.addRows(1);
    const newer = JSON.stringify({ version: 3, postId: id });
    await writeFile(join(rig.folder, '.state', 'journal', `${id}.json`), newer);
    await expect(rig.pass()).rejects.toThrow(/was written by a newer version of the worker/);
  });
});

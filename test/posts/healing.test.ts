import { afterEach, describe, expect, it } from 'vitest';
import { type EmulatedHuggingFace, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { type WorkerRig, openWorkerRig } from '../support/worker/setup.ts';

const servers: EmulatedHuggingFace[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A rig whose rows got cards while Hugging Face was away, with the server that is back now. */
async function withCards(rows: number, values: Record<string, unknown> = {}) {
  const rig = await openWorkerRig();
  const server = await startEmulatedHuggingFace({ behaviour: 'ok' });
  servers.push(server);
  const ids = rig.addRows(rows, values);
  expect(await rig.pass({ IMAGE_PROVIDERS: 'placeholder' })).toMatchObject({ done: rows });
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface,placeholder',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: server.url,
    HF_HUB_URL: server.hubUrl,
  });
  return { rig, server, ids };
}

const providers = (rig: WorkerRig, ids: string[]) => ids.map((id) => rig.text(id, 'Provider'));

describe('a drawn card', () => {
  it('makes way for a real picture once a provider is back, without a word in Status', async () => {
    const { rig, ids } = await withCards(5);
    const statusWrites: unknown[] = [];
    rig.board.onExchange(({ route, requestBody }) => {
      if (route === 'pages.update' && JSON.stringify(requestBody).includes('"status"')) statusWrites.push(requestBody);
    });
    expect(await rig.pass()).toMatchObject({ done: 5, failed: 0, skipped: 0, providers: { 'Hugging Face': 5 } });
    expect(statusWrites).toEqual([]);
    for (const id of ids) {
      const { values } = rig.database.row(id);
      expect(values).toMatchObject({
        Status: 'Image ready',
        Provider: 'huggingface',
        Model: 'black-forest-labs/FLUX.1-schnell',
        Cost: 0.003,
      });
      expect(values['Image file']).toMatch(/^flux_generated_/);
      expect(rig.text(id, 'Why')).toMatch(/; in place of a card$/);
      const files = Array.isArray(values['Image']) ? values['Image'] : [];
      expect(files.map(({ name }) => name)).toEqual([values['Image file']]);
    }
    expect(await rig.pass()).toMatchObject({ done: 0 });
  });

  it('stays when an editor approved it, wrote over it, or marked it again', async () => {
    const { rig, server, ids } = await withCards(3);
    const [approved = '', edited = '', marked = ''] = ids;
    rig.database.edit(approved, { Status: 'Approved' });
    rig.database.edit(edited, { 'Image file': 'mine.png', Image: [] });
    rig.database.edit(marked, { Status: 'Needs image' });
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(providers(rig, ids)).toEqual(['placeholder', 'placeholder', 'huggingface']);
    expect(rig.text(edited, 'Image file')).toBe('mine.png');
    expect(server.requests).toBe(1);
  });

  it('stays when healing is switched off', async () => {
    const { rig, server } = await withCards(2);
    expect(await rig.pass({ PLACEHOLDER_HEALING: 'false' })).toMatchObject({ done: 0 });
    expect(server.requests).toBe(0);
  });

  it('costs one probe while the provider is still away, and no failure', async () => {
    const { rig, server, ids } = await withCards(12);
    server.set('out_of_credit');
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 0, skipped: 0 });
    expect(server.requests).toBe(1);
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 0, skipped: 0 });
    expect(server.requests).toBe(1);
    expect(new Set(providers(rig, ids))).toEqual(new Set(['placeholder']));
    expect(rig.text(ids[0] ?? '', 'Status')).toBe('Image ready');
  });

  it('stays for good when the prompt is refused, and holds up no other', async () => {
    const { rig, server, ids } = await withCards(2);
    let calls = 0;
    server.set(() =>
      calls++ === 0 ? { status: 422, body: { error: 'Content policy violation: NSFW content' } } : undefined,
    );
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
    expect(providers(rig, ids).toSorted()).toEqual(['huggingface', 'placeholder']);
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 0 });
    expect(server.requests).toBe(2);
  });
});

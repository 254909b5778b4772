import { afterEach, describe, expect, it } from 'vitest';
import { type EmulatedHuggingFace, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { type WorkerRig, openWorkerRig } from '../support/worker/setup.ts';

const servers: EmulatedHuggingFace[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const down = () => ({ status: 500, body: { error: 'down' } });

async function withHuggingFace(rig: WorkerRig, ...others: string[]) {
  const server = await startEmulatedHuggingFace({ behaviour: 'ok' });
  servers.push(server);
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: ['huggingface', ...others].join(','),
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: server.url,
    HF_HUB_URL: server.hubUrl,
  });
  return server;
}

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** A pass that ends at the instant when the condition holds, as a kill would end it. */
async function passCutOff(rig: WorkerRig, variables: Record<string, string>, condition: () => boolean) {
  const stop = new AbortController();
  const pass = rig.pass(variables, { signal: stop.signal }).catch(() => undefined);
  await until(condition);
  stop.abort(new Error('killed'));
  await pass;
  rig.board.clearFaults();
}

const filesOf = (rig: WorkerRig, id: string) => {
  const cell = rig.database.row(id).values['Image'];
  return Array.isArray(cell) ? cell.map(({ name }) => name) : [];
};

describe('a kill between the row and its journal', () => {
  it('leaves a failed row its next try', async () => {
    const rig = await openWorkerRig();
    const server = await withHuggingFace(rig);
    server.set(down);
    const [id = ''] = rig.addRows(1);
    rig.board.fault({ kind: 'hang', route: 'pages.update', nth: 2, afterCommit: true });
    await passCutOff(rig, {}, () => rig.text(id, 'Status') === 'Failed');
    expect(rig.text(id, 'Error')).toContain('The worker tries again');
    server.set('ok');
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(rig.text(id, 'Status')).toBe('Image ready');
  });

  it('leaves a failed row its next try when it is not even claimed yet', async () => {
    const rig = await openWorkerRig();
    const server = await withHuggingFace(rig);
    server.set(down);
    const [id = ''] = rig.addRows(1);
    await rig.pass();
    const writes = rig.board.count('pages.update');
    rig.board.fault({ kind: 'hang', route: 'pages.update' });
    await passCutOff(rig, {}, () => rig.board.count('pages.update') > writes);
    expect(rig.text(id, 'Status')).toBe('Failed');
    server.set('ok');
    expect(await rig.pass()).toMatchObject({ done: 1 });
  });

  it('leaves a card its real picture to come', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'placeholder');
    const [id = ''] = rig.addRows(1);
    rig.board.fault({ kind: 'hang', route: 'pages.update', nth: 2, afterCommit: true });
    await passCutOff(rig, { IMAGE_PROVIDERS: 'placeholder' }, () => rig.text(id, 'Status') === 'Image ready');
    expect(await rig.pass()).toMatchObject({ done: 1, providers: { 'Hugging Face': 1 } });
    expect(rig.text(id, 'Provider')).toBe('huggingface');
  });

  it('keeps the file of a healed row that is marked again before the next start', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'placeholder');
    const [id = ''] = rig.addRows(1);
    await rig.pass({ IMAGE_PROVIDERS: 'placeholder' });
    rig.board.fault({ kind: 'hang', route: 'pages.update', afterCommit: true });
    await passCutOff(rig, {}, () => rig.text(id, 'Provider') === 'huggingface');
    const healed = rig.text(id, 'Image file');
    rig.database.edit(id, { Status: 'Needs image' });
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(rig.text(id, 'Image file')).not.toBe(healed);
    expect(await rig.pictures()).toContain(healed);
  });
});

it('sends the picture itself when the workspace takes larger files than before a kill', async () => {
  const rig = await openWorkerRig({ maxUploadBytes: 20_000 });
  const [id = ''] = rig.addRows(1, { Width: 1024, Height: 1024 });
  rig.board.fault({ kind: 'hang', route: 'pages.update', nth: 2 });
  await passCutOff(rig, {}, () => rig.board.count('pages.update') === 2);
  rig.board.options.maxUploadBytes = 5 * 1024 * 1024;
  expect(await rig.pass()).toMatchObject({ done: 1 });
  const name = rig.text(id, 'Image file');
  expect(name).toMatch(/\.png$/);
  expect(rig.database.row(id).values['Image']).toEqual([
    expect.objectContaining({ name, bytes: new Uint8Array(await rig.file(name)) }),
  ]);
});

describe('a picture that Notion does not take', () => {
  const refusing = async () => {
    const rig = await openWorkerRig({ attachLagMs: 3_600_000 });
    const server = await withHuggingFace(rig);
    const [id = ''] = rig.addRows(1);
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 1 });
    expect(rig.text(id, 'Error')).toMatch(/^The picture is made, but Notion did not take it: /);
    rig.board.options.attachLagMs = 0;
    return { rig, server, id };
  };

  it('is not paid for again at the next try', async () => {
    const { rig, server, id } = await refusing();
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
    expect(server.generated).toBe(1);
    expect(await rig.pictures()).toEqual([rig.text(id, 'Image file')]);
  });

  it('is not paid for again when an editor marks the row', async () => {
    const { rig, server, id } = await refusing();
    rig.database.edit(id, { Status: 'Needs image' });
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
    expect(server.generated).toBe(1);
    expect(filesOf(rig, id)).toEqual(await rig.pictures());
  });

  it('makes way for another when the prompt was changed since', async () => {
    const { rig, server, id } = await refusing();
    rig.database.edit(id, { Prompt: 'Something else', Status: 'Needs image' });
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
    expect(server.generated).toBe(2);
    expect(await rig.pictures()).toEqual([rig.text(id, 'Image file')]);
  });
});

describe('a row that changes whenever it is touched', () => {
  it('is left to the next pass after some tries', async () => {
    const rig = await openWorkerRig();
    const [id = ''] = rig.addRows(1);
    let edits = 0;
    let isBotAtWork = true;
    rig.board.onExchange(({ route }) => {
      if (isBotAtWork && route === 'fileUploads.send') rig.database.edit(id, { Prompt: `Draft ${(edits += 1)}` });
    });
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 0, skipped: 1 });
    expect(edits).toBeLessThanOrEqual(5);
    isBotAtWork = false;
    expect(await rig.pass()).toMatchObject({ done: 1 });
  });

  it('keeps its real picture when its prompt is edited just as the card makes way', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'placeholder');
    const [id = ''] = rig.addRows(1);
    await rig.pass({ IMAGE_PROVIDERS: 'placeholder' });
    rig.board.onExchange(({ route }) => {
      if (route === 'pages.retrieve') rig.database.edit(id, { Prompt: 'Edited at the last moment' });
    });
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(rig.text(id, 'Provider')).toBe('huggingface');
    expect(await rig.pictures()).toContain(rig.text(id, 'Image file'));
  });
});

describe('a board that changes in the middle of a pass', () => {
  it('may lose the property that shows the claim', async () => {
    const rig = await openWorkerRig();
    const ids = rig.addRows(3);
    let looks = 0;
    rig.board.onExchange(({ route }) => {
      if (route === 'dataSources.query' && ++looks === 1) rig.database.removeProperty('Claim');
    });
    expect(await rig.pass()).toMatchObject({ done: 3, failed: 0 });
    for (const id of ids) expect(rig.text(id, 'Status')).toBe('Image ready');
  });
});

describe('rows in odd states', () => {
  it('leaves a row to the live worker that holds it, whoever asks', async () => {
    const rig = await openWorkerRig();
    const since = new Date().toISOString();
    const [held = ''] = rig.addRows(1, { Status: 'Generating', Claim: `w-other since ${since}` });
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 0, skipped: 0 });
    const app = await rig.worker();
    await expect(app.sync({ pageId: held })).rejects.toThrow(`Another worker (w-other) holds the row since ${since}`);
    expect(rig.database.row(held).writes).toBe(0);
  });

  it.each([
    ['that a person set to Generating', ''],
    ['whose worker is dead', 'w-other since 2020-01-01T00:00:00Z'],
    ['whose worker had a clock a day ahead', `w-other since ${new Date(Date.now() + 86_400_000).toISOString()}`],
    ['whose claim is no claim', 'me, since this morning'],
  ])('takes a row %s', async (_, claim) => {
    const rig = await openWorkerRig();
    const [id = ''] = rig.addRows(1, { Status: 'Generating', Claim: claim });
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(rig.database.row(id).values).toMatchObject({ Status: 'Image ready', Claim: '' });
  });

  it('asks little of Notion when others hold the whole first page', async () => {
    const rig = await openWorkerRig();
    rig.addRows(100, { Status: 'Generating', Claim: `w-other since ${new Date().toISOString()}` });
    rig.addRows(5);
    expect(await rig.pass()).toMatchObject({ done: 5, failed: 0 });
    expect(rig.board.count('dataSources.query')).toBeLessThanOrEqual(4 * 5 + 6);
  });

  it('makes another picture when the editor cleared Image file and marked the row again', async () => {
    const rig = await openWorkerRig();
    const [id = ''] = rig.addRows(1);
    await rig.pass();
    rig.database.edit(id, { 'Image file': '', Status: 'Needs image' });
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(await rig.pictures()).toHaveLength(2);
  });

  it('serves a board whose status is a select, with neither Claim nor Error', async () => {
    const rig = await openWorkerRig();
    for (const name of ['Claim', 'Error', 'Status']) rig.database.removeProperty(name);
    const options = ['Needs image', 'Generating', 'Image ready', 'Failed'].map((name) => ({ name }));
    rig.database.setPropertySchema('Status', { select: { options } });
    const [good = '', bad = ''] = [{}, { Width: 9000 }].flatMap((values) => rig.addRows(1, values));
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 1 });
    expect([rig.text(good, 'Status'), rig.text(bad, 'Status')]).toEqual(['Image ready', 'Failed']);
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type EmulatedBehaviour, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { startAutomatic1111 } from '../support/fakes/automatic1111.ts';
import { type WorkerRig, openWorkerRig } from '../support/worker/setup.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function withBoth(rig: WorkerRig, behaviour: EmulatedBehaviour = 'ok') {
  const [huggingFace, stableDiffusion] = [await startEmulatedHuggingFace({ behaviour }), await startAutomatic1111()];
  open.push(
    () => huggingFace.close(),
    () => stableDiffusion.close(),
  );
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface,stable-diffusion,placeholder',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: huggingFace.url,
    HF_HUB_URL: huggingFace.hubUrl,
    SD_ENABLED: 'true',
    SD_API_URL: stableDiffusion.url,
  });
  return { huggingFace, stableDiffusion };
}

const month = () => new Date().toISOString().slice(0, 7);

describe('the budget on whole passes', () => {
  it('stops paid calls at the cap, in the next run too, and goes on with free ones', async () => {
    const rig = await openWorkerRig();
    const { huggingFace } = await withBoth(rig);
    rig.variables['MONTHLY_BUDGET_USD'] = '0.01';
    const ids = rig.addRows(6);
    expect(await rig.pass()).toMatchObject({ done: 6, failed: 0 });
    expect(huggingFace.requests).toBe(3);
    const left = ids.filter((id) => rig.text(id, 'Provider') === 'stable-diffusion');
    expect(left).toHaveLength(3);
    for (const id of left) {
      expect(rig.text(id, 'Why')).toMatch(/^Hugging Face left out, the budget is reached → Stable Diffusion, /);
    }
    rig.addRows(2);
    expect(await rig.pass()).toMatchObject({ done: 2, providers: { 'Stable Diffusion': 2 } });
    expect(huggingFace.requests).toBe(3);
    const ledger = await readFile(join(rig.folder, '.state', 'spend', `${month()}.jsonl`), 'utf8');
    const lines = ledger
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ state }) => state === 'spent')).toHaveLength(3);
    expect(lines).toHaveLength(6);
  });

  it('counts what a fault may have cost', async () => {
    const rig = await openWorkerRig();
    const { huggingFace } = await withBoth(rig, () => ({ status: 500, body: '' }));
    Object.assign(rig.variables, { MONTHLY_BUDGET_USD: '0.003', HUGGINGFACE_CONCURRENCY: '1' });
    rig.addRows(2);
    expect(await rig.pass()).toMatchObject({ done: 2, providers: { 'Stable Diffusion': 2 } });
    expect(huggingFace.requests).toBe(1);
  });

  it('never asks a paid provider with a cap of 0', async () => {
    const rig = await openWorkerRig();
    const { huggingFace } = await withBoth(rig);
    rig.variables['MONTHLY_BUDGET_USD'] = '0';
    rig.addRows(2);
    expect(await rig.pass()).toMatchObject({ done: 2, providers: { 'Stable Diffusion': 2 } });
    expect(huggingFace.requests).toBe(0);
  });
});

describe('a preferred provider on whole passes', () => {
  it('makes the picture of the rows that ask for it, and is told when it is unknown', async () => {
    const rig = await openWorkerRig();
    await withBoth(rig);
    const [preferring = ''] = rig.addRows(1, { 'Preferred provider': 'Stable Diffusion' });
    const [unknown = ''] = rig.addRows(1, { 'Preferred provider': 'Midjourney' });
    expect(await rig.pass()).toMatchObject({ done: 2 });
    expect(rig.text(preferring, 'Provider')).toBe('stable-diffusion');
    expect(rig.text(preferring, 'Why')).toMatch(/^Stable Diffusion, [\d.]+ m?s, free$/);
    expect(rig.text(unknown, 'Provider')).toBe('huggingface');
    expect(rig.text(unknown, 'Why')).toMatch(
      /^Hugging Face, .*; Preferred provider "Midjourney" is not configured \(choose from Hugging Face, Stable Diffusion\)$/,
    );
  });
});

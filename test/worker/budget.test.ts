import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type EmulatedBehaviour, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { startAutomatic1111 } from '../support/fakes/automatic1111.ts';
import { type Office, openOffice } from '../support/worker/setup.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function withBoth(office: Office, behaviour: EmulatedBehaviour = 'ok') {
  const [huggingFace, stableDiffusion] = [await startEmulatedHuggingFace({ behaviour }), await startAutomatic1111()];
  open.push(
    () => huggingFace.close(),
    () => stableDiffusion.close(),
  );
  Object.assign(office.variables, {
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
    const office = await openOffice();
    const { huggingFace } = await withBoth(office);
    office.variables['MONTHLY_BUDGET_USD'] = '0.01';
    const ids = office.addRows(6);
    expect(await office.pass()).toMatchObject({ done: 6, failed: 0 });
    expect(huggingFace.requests).toBe(3);
    const left = ids.filter((id) => office.text(id, 'Provider') === 'stable-diffusion');
    expect(left).toHaveLength(3);
    for (const id of left) {
      expect(office.text(id, 'Why')).toMatch(/^Hugging Face left out, the budget is reached → Stable Diffusion, /);
    }
    office.addRows(2);
    expect(await office.pass()).toMatchObject({ done: 2, providers: { 'Stable Diffusion': 2 } });
    expect(huggingFace.requests).toBe(3);
    const ledger = await readFile(join(office.folder, '.state', 'spend', `${month()}.jsonl`), 'utf8');
    const lines = ledger
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ state }) => state === 'spent')).toHaveLength(3);
    expect(lines).toHaveLength(6);
  });

  it('counts what a fault may have cost', async () => {
    const office = await openOffice();
    const { huggingFace } = await withBoth(office, () => ({ status: 500, body: '' }));
    Object.assign(office.variables, { MONTHLY_BUDGET_USD: '0.003', HUGGINGFACE_CONCURRENCY: '1' });
    office.addRows(2);
    expect(await office.pass()).toMatchObject({ done: 2, providers: { 'Stable Diffusion': 2 } });
    expect(huggingFace.requests).toBe(1);
  });

  it('never asks a paid provider with a cap of 0', async () => {
    const office = await openOffice();
    const { huggingFace } = await withBoth(office);
    office.variables['MONTHLY_BUDGET_USD'] = '0';
    office.addRows(2);
    expect(await office.pass()).toMatchObject({ done: 2, providers: { 'Stable Diffusion': 2 } });
    expect(huggingFace.requests).toBe(0);
  });
});

describe('a preferred provider on whole passes', () => {
  it('makes the picture of the rows that ask for it, and is told when it is unknown', async () => {
    const office = await openOffice();
    await withBoth(office);
    const [preferring = ''] = office.addRows(1, { 'Preferred provider': 'Stable Diffusion' });
    const [unknown = ''] = office.addRows(1, { 'Preferred provider': 'Midjourney' });
    expect(await office.pass()).toMatchObject({ done: 2 });
    expect(office.text(preferring, 'Provider')).toBe('stable-diffusion');
    expect(office.text(preferring, 'Why')).toMatch(/^Stable Diffusion, [\d.]+ m?s, free$/);
    expect(office.text(unknown, 'Provider')).toBe('huggingface');
    expect(office.text(unknown, 'Why')).toMatch(
      /^Hugging Face, .*; Preferred provider "Midjourney" is not configured \(choose from Hugging Face, Stable Diffusion\)$/,
    );
  });
});

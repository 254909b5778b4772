import { describe, expect, it } from 'vitest';
import { startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { type Office, openOffice } from '../support/worker/setup.ts';

/** An office whose one provider is down until it is set right. */
async function withTrouble(office: Office) {
  const server = await startEmulatedHuggingFace({ behaviour: () => ({ status: 500, body: { error: 'down' } }) });
  Object.assign(office.variables, {
    IMAGE_PROVIDERS: 'huggingface',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: server.url,
    HF_HUB_URL: server.hubUrl,
  });
  return server;
}

describe('a row that failed', () => {
  it('is tried again in the next run, and says so', async () => {
    const office = await openOffice();
    const server = await withTrouble(office);
    try {
      const [id = ''] = office.addRows(1);
      expect(await office.pass()).toMatchObject({ failed: 1 });
      expect(office.text(id, 'Error')).toContain(
        'The worker tries again at the next run; set Status to "Needs image" to try at once.',
      );
      server.set('ok');
      expect(await office.pass()).toMatchObject({ done: 1, failed: 0 });
      expect(office.database.row(id).values).toMatchObject({ Status: 'Image ready', Error: '' });
      expect(await office.pass()).toMatchObject({ done: 0, failed: 0 });
    } finally {
      await server.close();
    }
  });

  it('is tried five more times, then left to people', async () => {
    const office = await openOffice();
    const server = await withTrouble(office);
    try {
      const [id = ''] = office.addRows(1);
      const failures: number[] = [];
      for (let run = 0; run < 8; run += 1) failures.push((await office.pass()).failed);
      expect(failures).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
      expect(office.text(id, 'Status')).toBe('Failed');
      expect(office.text(id, 'Error')).toContain('Set Status to "Needs image" to try again');
    } finally {
      await server.close();
    }
  });

  it('is left alone when an editor moved or deleted it meanwhile', async () => {
    const office = await openOffice();
    const server = await withTrouble(office);
    try {
      const [moved = '', deleted = ''] = office.addRows(2);
      expect(await office.pass()).toMatchObject({ failed: 2 });
      office.database.edit(moved, { Status: 'Approved' });
      office.database.trash(deleted);
      server.set('ok');
      expect(await office.pass()).toMatchObject({ done: 0, failed: 0, skipped: 0 });
      expect(office.text(moved, 'Status')).toBe('Approved');
      office.database.restore(deleted);
      expect(await office.pass()).toMatchObject({ done: 0, failed: 0 });
    } finally {
      await server.close();
    }
  });

  it('is final when only a person can mend it', async () => {
    const office = await openOffice();
    const [id = ''] = office.addRows(1, { Width: 9000 });
    expect(await office.pass()).toMatchObject({ failed: 1 });
    expect(await office.pass()).toMatchObject({ done: 0, failed: 0 });
    expect(office.text(id, 'Error')).not.toContain('tries again');
  });

  it('finds its way among many that are final', async () => {
    const office = await openOffice();
    const server = await withTrouble(office);
    try {
      for (let row = 0; row < 130; row += 1) office.database.addRow({ Name: `Old ${row}`, Status: 'Failed' });
      const ids = office.addRows(3);
      await office.pass();
      server.set('ok');
      expect(await office.pass()).toMatchObject({ done: 3, failed: 0 });
      for (const id of ids) expect(office.text(id, 'Status')).toBe('Image ready');
    } finally {
      await server.close();
    }
  });
});

describe('on a schedule', () => {
  it('the gaps grow and the row names the time', async () => {
    const { planRetry } = await import('../../src/posts/retry-plan.ts');
    const clock = createFakeClock(Date.UTC(2026, 10, 21, 14, 0));
    const timing = { scheduled: true, timeZone: 'Europe/Berlin' };
    const plans = [0, 1, 2, 3, 4, 5].map((retries) => planRetry(new Error('odd'), retries, timing, clock.now()));
    expect(plans.map((plan) => plan && (plan.at - clock.now()) / 60_000)).toEqual([5, 20, 60, 240, 720, undefined]);
    expect(plans[0]?.words).toBe('at 15:05 CET');
  });
});

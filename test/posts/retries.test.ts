import { describe, expect, it } from 'vitest';
import { startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { type WorkerRig, openWorkerRig } from '../support/worker/setup.ts';

/** A rig whose one provider is down until it is set right. */
async function withTrouble(rig: WorkerRig) {
  const server = await startEmulatedHuggingFace({ behaviour: () => ({ status: 500, body: { error: 'down' } }) });
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: server.url,
    HF_HUB_URL: server.hubUrl,
  });
  return server;
}

describe('a row that failed', () => {
  it('is tried again in the next run, and says so', async () => {
    const rig = await openWorkerRig();
    const server = await withTrouble(rig);
    try {
      const [id = ''] = rig.addRows(1);
      expect(await rig.pass()).toMatchObject({ failed: 1 });
      expect(rig.text(id, 'Error')).toContain(
        'The worker tries again at the next run; set Status to "Needs image" to try at once.',
      );
      server.set('ok');
      expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
      expect(rig.database.row(id).values).toMatchObject({ Status: 'Image ready', Error: '' });
      expect(await rig.pass()).toMatchObject({ done: 0, failed: 0 });
    } finally {
      await server.close();
    }
  });

  it('is tried five more times, then left to people', async () => {
    const rig = await openWorkerRig();
    const server = await withTrouble(rig);
    try {
      const [id = ''] = rig.addRows(1);
      const failures: number[] = [];
      for (let run = 0; run < 8; run += 1) failures.push((await rig.pass()).failed);
      expect(failures).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
      expect(rig.text(id, 'Status')).toBe('Failed');
      expect(rig.text(id, 'Error')).toContain('Set Status to "Needs image" to try again');
    } finally {
      await server.close();
    }
  });

  it('is left alone when an editor moved or deleted it meanwhile', async () => {
    const rig = await openWorkerRig();
    const server = await withTrouble(rig);
    try {
      const [moved = '', deleted = ''] = rig.addRows(2);
      expect(await rig.pass()).toMatchObject({ failed: 2 });
      rig.database.edit(moved, { Status: 'Approved' });
      rig.database.trash(deleted);
      server.set('ok');
      expect(await rig.pass()).toMatchObject({ done: 0, failed: 0, skipped: 0 });
      expect(rig.text(moved, 'Status')).toBe('Approved');
      rig.database.restore(deleted);
      expect(await rig.pass()).toMatchObject({ done: 0, failed: 0 });
    } finally {
      await server.close();
    }
  });

  it('is final when only a person can mend it', async () => {
    const rig = await openWorkerRig();
    const [id = ''] = rig.addRows(1, { Width: 9000 });
    expect(await rig.pass()).toMatchObject({ failed: 1 });
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 0 });
    expect(rig.text(id, 'Error')).not.toContain('tries again');
  });

  it('finds its way among many that are final', async () => {
    const rig = await openWorkerRig();
    const server = await withTrouble(rig);
    try {
      for (let row = 0; row < 130; row += 1) rig.database.addRow({ Name: `Old ${row}`, Status: 'Failed' });
      const ids = rig.addRows(3);
      await rig.pass();
      server.set('ok');
      expect(await rig.pass()).toMatchObject({ done: 3, failed: 0 });
      for (const id of ids) expect(rig.text(id, 'Status')).toBe('Image ready');
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

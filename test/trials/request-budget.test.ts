import { expect, it } from 'vitest';
import { openWorkerRig } from '../support/worker/setup.ts';

it('spends at most 3.1 requests a row while rows wait on the window', async () => {
  // So few requests that the window is what rows wait for, on a slow machine too.
  const rateLimit = { requests: 60, windowMs: 3000 };
  const rig = await openWorkerRig({ rateLimit });
  rig.addRows(250);
  const { requests, windowMs } = rateLimit;
  const summary = await rig.pass({ NOTION_REQUESTS_PER_MINUTE: String(requests) }, { notionWindowMs: windowMs });
  expect(summary).toMatchObject({ done: 250, failed: 0, skipped: 0 });
  expect(rig.board.count() / 250).toBeLessThanOrEqual(3.1);
});

import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { prepareFolder } from '../../src/state/files.ts';
import { saveWebhookToken } from '../../src/state/webhook-token.ts';

it('keeps the last ten tokens with their times, for the owner of the file alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'token-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await prepareFolder(folder);
  let path = '';
  for (let index = 0; index < 12; index += 1) {
    path = await saveWebhookToken(folder, `secret_${index}`, Date.UTC(2026, 10, 21, 10, index));
  }
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toBe('2026-11-21T10:11:00.000Z secret_11');
  expect((await stat(path)).mode % 0o1000).toBe(0o600);
});

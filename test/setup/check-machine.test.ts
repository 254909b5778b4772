import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkEnvFile, checkNode } from '../../src/setup/check-machine.ts';

describe('the look at Node.js', () => {
  it.each(['20.19.0', '20.20.2', '22.12.0', '23.0.0', '24.1.0', '30.0.0'])('is content with %s', (version) => {
    expect(checkNode(version)).toMatchObject({ state: 'well', message: version });
  });

  it.each(['18.20.0', '20.18.3', '21.7.0', '22.11.0'])('is not content with %s', (version) => {
    expect(checkNode(version)).toMatchObject({ state: 'problem', message: expect.stringContaining('install') });
  });
});

describe('the look at the rights of .env', () => {
  it('is content without the file', async () => {
    expect((await checkEnvFile(join(tmpdir(), 'there-is-no.env'))).state).toBe('well');
  });

  it.skipIf(process.platform === 'win32').each([
    [0o600, 'well'],
    [0o640, 'well'],
    [0o604, 'warning'],
  ])('judges %o as %s', async (mode, state) => {
    const folder = await mkdtemp(join(tmpdir(), 'env-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, '.env');
    await writeFile(file, '');
    await chmod(file, mode);
    expect((await checkEnvFile(file)).state).toBe(state);
  });
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorkerRig } from '../support/worker/setup.ts';
import { runCommand, startCommand } from '../support/cli/command.ts';

const withoutBoard = (folder: string, more: Record<string, string> = {}) => ({
  IMAGE_PROVIDERS: 'placeholder',
  IMAGES_DIR: folder,
  ...more,
});

describe('generate', () => {
  it('makes one picture without a board and prints the ledger and the path', async () => {
    const rig = await openWorkerRig();
    const { code, output } = await runCommand(
      ['generate', 'A fox in the snow', '--width', '512', '--height', '256', '--seed', '7'],
      withoutBoard(rig.folder),
    );
    expect(code, output).toBe(0);
    expect(output).toMatch(/Free API Placeholder .*ok .*free/);
    const [picture = ''] = await rig.pictures();
    expect(output).toContain(join(rig.folder, picture));
    expect(existsSync(join(rig.folder, picture.replace('.png', '.json')))).toBe(true);
    expect(JSON.parse(String(await rig.file(picture.replace('.png', '.json'))))).toMatchObject({
      prompt: 'A fox in the snow',
      options: { width: 512, height: 256, seed: 7 },
    });
  });

  it('ends with 1 and every provider in the ledger when none makes a picture', async () => {
    const rig = await openWorkerRig();
    const { code, output } = await runCommand(
      ['generate', 'A fox'],
      withoutBoard(rig.folder, {
        IMAGE_PROVIDERS: 'stable-diffusion',
        SD_ENABLED: 'true',
        SD_API_URL: 'http://127.0.0.1:9',
      }),
    );
    expect(code, output).toBe(1);
    expect(output).toContain('Stable Diffusion API is not accessible at http://127.0.0.1:9');
    expect(output).toContain('unreachable');
    expect(await rig.pictures()).toEqual([]);
  });

  it('works beside a running worker', async () => {
    const rig = await openWorkerRig();
    const worker = startCommand(['start'], rig.variables);
    await worker.printed('Pass finished');
    const { code, output } = await runCommand(['generate', 'A fox'], withoutBoard(rig.folder));
    worker.kill('SIGTERM');
    await worker.ended;
    expect(code, output).toBe(0);
  });

  it('says what is wrong with a number', async () => {
    const rig = await openWorkerRig();
    const { code, output } = await runCommand(['generate', 'A fox', '--width', '12'], withoutBoard(rig.folder));
    expect(code).toBe(2);
    expect(output).toContain('Give a number from 256 to 2048.');
  });
});

import { expect, it } from 'vitest';
import { openWorkerRig, strayFiles } from '../support/worker/setup.ts';
import { runCommand, startCommand } from '../support/cli/command.ts';

it('keeps its folder and loses nothing when it stands still for 20 s in the middle of a pass', async () => {
  const rig = await openWorkerRig({ latencyMs: 20 });
  const ids = rig.addRows(40);
  let settled = 0;
  const midway = new Promise<void>((resolve) => {
    rig.board.onExchange(({ route, requestBody }) => {
      if (route !== 'pages.update' || !JSON.stringify(requestBody).includes('file_upload')) return;
      settled += 1;
      if (settled === 5) resolve();
    });
  });
  const worker = startCommand(['sync'], rig.variables);
  await midway;
  worker.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  expect(await runCommand(['sync'], rig.variables)).toMatchObject({ code: 4 });
  worker.kill('SIGCONT');
  const { code, output } = await worker.ended;
  expect(code, output).toBe(0);
  for (const id of ids) expect(rig.text(id, 'Status')).toBe('Image ready');
  expect(await rig.pictures()).toHaveLength(ids.length);
  expect(await strayFiles(rig.folder)).toEqual([]);
});

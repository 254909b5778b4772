import { expect, it } from 'vitest';
import { openOffice, strayFiles } from '../support/worker/setup.ts';
import { runCommand, startCommand } from '../support/cli/command.ts';

it('keeps its folder and loses nothing when it stands still for 20 s in the middle of a pass', async () => {
  const office = await openOffice({ latencyMs: 20 });
  const ids = office.addRows(40);
  let settled = 0;
  const midway = new Promise<void>((resolve) => {
    office.board.onExchange(({ route, requestBody }) => {
      if (route !== 'pages.update' || !JSON.stringify(requestBody).includes('file_upload')) return;
      settled += 1;
      if (settled === 5) resolve();
    });
  });
  const worker = startCommand(['sync'], office.variables);
  await midway;
  worker.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  expect(await runCommand(['sync'], office.variables)).toMatchObject({ code: 4 });
  worker.kill('SIGCONT');
  const { code, output } = await worker.ended;
  expect(code, output).toBe(0);
  for (const id of ids) expect(office.text(id, 'Status')).toBe('Image ready');
  expect(await office.pictures()).toHaveLength(ids.length);
  expect(await strayFiles(office.folder)).toEqual([]);
});

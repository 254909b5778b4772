import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openWorkerRig, type WorkerRig } from '../support/worker/setup.ts';
import { closedAddress, expectSentence, hasScript, jsonLines, onTerminal } from '../support/cli/checks.ts';
import { type RunningCommand, runCommand, startCommand } from '../support/cli/command.ts';

const everySecond = '* * * * * *';
const never = '0 0 1 1 *';

/** Stops it as an operator does, and sees that nothing is left behind. */
async function stop(start: RunningCommand, { folder }: WorkerRig): Promise<string> {
  start.kill('SIGTERM');
  const { code, output } = await start.ended;
  expect(code, output).toBe(143);
  await expect(access(join(folder, '.state', 'lock'))).rejects.toMatchObject({ code: 'ENOENT' });
  return output;
}

const settled = (rig: WorkerRig, ...ids: string[]) =>
  vi.waitUntil(() => ids.every((id) => rig.database.row(id).values['Status'] === 'Image ready'), {
    timeout: 30_000,
  });

describe('start', () => {
  it('makes the first pass at once, and gives the folder free when it is stopped', async () => {
    const rig = await openWorkerRig();
    const ids = rig.addRows(3);
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: never });
    await start.printed('Pass finished');
    await settled(rig, ...ids);
    const output = await stop(start, rig);
    expect(jsonLines(output).at(-1)).toMatchObject({ done: 3, failed: 0 });
    expect(await runCommand(['sync'], rig.variables)).toMatchObject({ code: 0 });
  });

  it('makes further passes by the schedule, and takes rows that were marked later', async () => {
    const rig = await openWorkerRig();
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: everySecond });
    await start.printed('Pass finished');
    for (let round = 0; round < 2; round += 1) await settled(rig, ...rig.addRows(1));
    expect(await stop(start, rig)).not.toContain('"level":"error"');
  });

  it('never makes two passes at a time', async () => {
    const rig = await openWorkerRig({ latencyMs: 700 });
    rig.addRows(1);
    const requests: string[] = [];
    rig.board.onExchange(({ route }) => void requests.push(route));
    const variables = { ...rig.variables, SYNC_SCHEDULE: everySecond, LOG_LEVEL: 'debug' };
    const start = startCommand(['start'], variables);
    await start.printed('this tick is left out');
    await start.printed('Pass finished');
    expect(requests.filter((route) => route === 'databases.retrieve')).toHaveLength(1);
    await stop(start, rig);
  });

  it('goes on after a pass that failed, and says why in a sentence', async () => {
    const rig = await openWorkerRig();
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: everySecond });
    await start.printed('Pass finished');
    rig.board.options.shared = false;
    await start.printed('The pass ended early.');
    const ids = rig.addRows(1);
    rig.board.options.shared = true;
    await settled(rig, ...ids);
    const told = jsonLines(await stop(start, rig)).find(({ level }) => level === 'error');
    expect(told?.['msg']).toMatch(/^The pass ended early\. .*add the connection/);
    expect(told).not.toHaveProperty('err');
  });

  it('goes on after a request that was refused in the very first pass', async () => {
    const rig = await openWorkerRig();
    rig.board.fault({ kind: 'error_500', route: 'dataSources.query' });
    rig.board.fault({ kind: 'bad_gateway_502_html', route: 'databases.retrieve' });
    const ids = rig.addRows(1);
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: never });
    await settled(rig, ...ids);
    expect(await stop(start, rig)).not.toContain('"level":"error"');
  });

  it('warns once, not in every pass, that the clock is wrong', async () => {
    const rig = await openWorkerRig({ clockSkewMs: 86_400_000 });
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: everySecond });
    for (let passes = 0; passes < 2; passes += 1) await settled(rig, ...rig.addRows(1));
    const warnings = jsonLines(await stop(start, rig)).filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.['msg']).toMatch(/clock is 24 hours behind/);
  });

  it('ends with 2 when a setting is wrong from the start', async () => {
    const rig = await openWorkerRig();
    rig.database.removeOption('Status', 'Generating');
    const start = await runCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: never, LOG_LEVEL: 'error' });
    expect(start).toMatchObject({ code: 2 });
    expectSentence(start, 'no option "Generating"', 'NOTION_STATUS_GENERATING');
    expect(await readdir(join(rig.folder, '.state'))).not.toContain('lock');
  });

  it('ends with 4 when another worker takes the folder over', async () => {
    const rig = await openWorkerRig();
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: never });
    await start.printed('Pass finished');
    await writeFile(join(rig.folder, '.state', 'lock'), '{}');
    const { code, output } = await start.ended;
    expect(code, output).toBe(4);
    expect(output.trimEnd().split('\n').at(-1)).toBe(`Another worker took over ${rig.folder}; this one stops.`);
  });

  it('is stopped at once while Notion is out of reach', async () => {
    const rig = await openWorkerRig();
    const start = startCommand(['start'], {
      ...rig.variables,
      NOTION_API_URL: await closedAddress(),
      SYNC_SCHEDULE: never,
      LOG_LEVEL: 'debug',
    });
    await start.printed('Notion did not answer well');
    expect(await stop(start, rig)).not.toContain('"level":"error"');
  });

  it.skipIf(!hasScript)('shows readable lines on a terminal, and no bar between passes (needs script)', async () => {
    const rig = await openWorkerRig();
    rig.addRows(2);
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: never }, { wrap: onTerminal });
    await start.printed('Pass finished');
    expect(start.output()).toContain('2 done, 0 failed, 0 skipped');
    // Ctrl-C reaches the whole terminal; here its end does.
    start.kill('SIGTERM');
    await start.ended;
  });
});

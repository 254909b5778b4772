import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { openWorkerRig } from '../support/worker/setup.ts';
import { startCommand } from '../support/cli/command.ts';

/** ROWS=12000 makes it the full size; a query then reaches Notion's real cap. */
const rows = Number(process.env['ROWS'] ?? 600);
/** Without a bound the heap of a large machine grows before it is collected, and tells nothing of leaks. */
const boundedHeap = '--max-old-space-size=96';
/** A short run is still warming up in its later half; a leak of a row's picture would pass this soon. */
const warmUpBytes = 64 * 1024 * 1024;
const queryCap = Math.min(10_000, rows - 200);

it(
  `serves ${rows} marked rows in one pass, more than a query can reach, in steady memory`,
  { timeout: 1_200_000 },
  async () => {
    const rig = await openWorkerRig({ queryCap, maxHeldBytes: 16 * 1024 * 1024 });
    const ids = rig.addRows(rows);
    const command = startCommand(['sync'], { ...rig.variables, LOG_LEVEL: 'warn', NODE_OPTIONS: boundedHeap });
    const memory: number[] = [];
    let settled = 0;
    rig.board.onExchange(({ route, requestBody }) => {
      if (route !== 'pages.update' || !JSON.stringify(requestBody).includes('file_upload')) return;
      settled += 1;
      if (settled % Math.ceil(rows / 40) === 0) void residentBytes(command.pid).then((bytes) => memory.push(bytes));
    });
    const { code, output } = await command.ended;
    expect(code, output).toBe(0);
    for (const id of ids) expect(rig.database.row(id).values['Status']).toBe('Image ready');
    expect(await rig.pictures()).toHaveLength(rows);

    const quarter = Math.floor(memory.length / 4);
    const early = Math.max(...memory.slice(quarter, 2 * quarter));
    const late = Math.max(...memory.slice(2 * quarter));
    expect(late, `MiB: ${memory.map((bytes) => bytes >> 20).join(' ')}`).toBeLessThanOrEqual(
      early * 1.25 + warmUpBytes,
    );
  },
);

/** What the process holds in memory, where the system tells (Linux). */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

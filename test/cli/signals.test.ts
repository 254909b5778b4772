import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { openWorkerRig, strayFiles } from '../support/worker/setup.ts';
import { runCommand, startCommand } from '../support/cli/command.ts';

const signals = fileURLToPath(new URL('../../dist/cli/terminal/signals.js', import.meta.url));

/** A process whose clean-up never ends. */
function startStubborn() {
  const script = `
    const { onStopSignals } = await import(${JSON.stringify(signals)});
    onStopSignals().signal.addEventListener('abort', () => console.log('stopping'));
    setInterval(() => {}, 1000);
    console.log('ready');`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a pass in full swing with %d, and the next pass settles its rows', async (signal, expected) => {
    const rig = await openWorkerRig({ latencyMs: 50 });
    const ids = rig.addRows(60);
    const statuses = () => ids.map((id) => rig.database.row(id).values['Status']);
    const command = startCommand(['sync'], rig.variables);
    await vi.waitUntil(() => statuses().includes('Image ready'), { timeout: 30_000 });
    const before = performance.now();
    command.kill(signal);
    const { code, output } = await command.ended;
    expect(performance.now() - before).toBeLessThan(8000);
    expect(code, output).toBe(expected);
    expect(output).not.toMatch(/\n\s+at |went wrong/);
    expect(statuses()).toContain('Generating');
    expect(statuses()).not.toContain('Failed');

    rig.board.options.latencyMs = 0;
    expect(await runCommand(['sync'], rig.variables)).toMatchObject({ code: 0 });
    expect(new Set(statuses())).toEqual(new Set(['Image ready']));
    expect(await rig.pictures()).toHaveLength(ids.length);
    expect(await strayFiles(rig.folder)).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'ends a process that is still cleaning up at once when it is the second: %s',
    async (signal, expected) => {
      const child = startStubborn();
      const said = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]();
      expect(await said.next()).toMatchObject({ value: 'ready\n' });
      child.kill('SIGTERM');
      expect(await said.next()).toMatchObject({ value: 'stopping\n' });
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([expected, null]);
    },
  );

  it('ends a process whose clean-up hangs after 8 s', async () => {
    const child = startStubborn();
    const said = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]();
    await said.next();
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
  });
});

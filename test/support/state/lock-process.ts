import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from 'vitest';

const child = fileURLToPath(new URL('../images/children/take-lock.ts', import.meta.url));
const running = new Set<() => void>();

afterEach(() => {
  for (const kill of running) kill();
  running.clear();
});

/** A worker in a process of its own, ready to take locks. */
export async function startLockProcess() {
  const worker = spawn(process.execPath, ['--import', 'tsx', child], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(worker, 'exit');
  const kill = () => worker.kill('SIGKILL');
  running.add(kill);
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => String((await lines.next()).value);
  expect(await answer()).toBe('ready');
  return {
    pid: worker.pid ?? Number.NaN,
    async take(folder: string): Promise<string> {
      worker.stdin.write(`${folder}\n`);
      return answer();
    },
    async kill(): Promise<void> {
      kill();
      await ended;
    },
    async end(): Promise<void> {
      worker.stdin.end();
      expect(await ended).toEqual([0, null]);
    },
  };
}

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** A command of the product as a process of its own. */
export interface RunningCommand {
  readonly pid: number;
  /** Everything printed so far, on both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when `text` has been printed. */
  printed(text: string): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>;
}

/** Starts a command with these settings and nothing else of the environment. */
export function startCommand(
  args: string[],
  variables: Record<string, string>,
  options: { cwd?: string; wrap?: string[] } = {},
): RunningCommand {
  const [program, ...before] = [...(options.wrap ?? []), process.execPath];
  const child = spawn(program ?? process.execPath, [...before, cli, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!output.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        void ended.then(() => reject(new Error(`It ended without printing "${text}":\n${output}`)));
        look();
      }),
    ended,
  };
}

/** Runs a command to its end. */
export function runCommand(
  args: string[],
  variables: Record<string, string>,
  options: { cwd?: string; wrap?: string[] } = {},
) {
  return startCommand(args, variables, options).ended;
}

import { existsSync } from 'node:fs';
import { type App, createApp } from '../app/worker.ts';
import type { Runtime } from '../app/parts.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../core/errors.ts';
import { exitCodeOf } from './terminal/exit.ts';
import { onStopSignals } from './terminal/signals.ts';

/** Runs one command from settings to exit code; its signal aborts when the process is asked to stop. */
export async function run(command: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const stop = onStopSignals();
  try {
    process.exitCode = await command(stop.signal);
    stop.signal.throwIfAborted();
  } catch (error) {
    process.exitCode = exitCodeOf(error, stop.signal);
  } finally {
    stop.release();
  }
}

/** Makes one pass by a worker that releases the images folder afterwards. */
export async function onePass(config: Config, runtime: Runtime, options?: Parameters<App['sync']>[0]) {
  await using app = await createApp(config, runtime);
  return await app.sync(options);
}

/** The environment, filled up from .env. @throws {ConfigError} */
export function readSettings(): NodeJS.ProcessEnv {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
  } catch (error) {
    const problem = 'The file .env in this folder cannot be read: check that it is a file, and its rights.';
    throw new ConfigError(problem, error);
  }
  return process.env;
}

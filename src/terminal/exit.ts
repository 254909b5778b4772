import { BoardError, ConfigError, LockedError, StopSignal } from '../core/errors.ts';
import { createScrub } from '../core/secrets.ts';

const exitCodes = { rowFailed: 1, operator: 2, boardUnreachable: 3, locked: 4 } as const;

/** Tells the error in words on stderr, and answers with the exit code that it stands for. */
export function exitCodeOf(error: unknown, signal: AbortSignal): number {
  if (signal.reason instanceof StopSignal) return signal.reason.exitCode;
  const scrub = createScrub(secretsIn(process.env));
  const tell = (sentence: string) => process.stderr.write(`${scrub(sentence)}\n`);
  if (error instanceof ConfigError) {
    for (const problem of error.problems) tell(problem);
    return exitCodes.operator;
  }
  if (error instanceof LockedError) {
    tell(error.message);
    return exitCodes.locked;
  }
  if (error instanceof BoardError) {
    tell(error.message);
    return error.failure === 'unreachable' ? exitCodes.boardUnreachable : exitCodes.rowFailed;
  }
  tell(`Something went wrong that the worker does not know: ${error instanceof Error ? error.message : String(error)}`);
  return exitCodes.rowFailed;
}

/** Values of settings whose names say that they are secret; the settings may not have been readable. */
function secretsIn(variables: NodeJS.ProcessEnv): string[] {
  return Object.entries(variables).flatMap(([name, value]) =>
    /(_TOKEN|_KEY|_SECRET|_AUTH|_TOKENS)$/.test(name) && value ? [value.trim()] : [],
  );
}

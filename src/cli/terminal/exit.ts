import { BoardError, ConfigError, LockedError, StopSignal } from '../../core/errors.ts';
import { readEnvironment, type Variables } from '../../core/environment.ts';
import { createRedact } from '../../lib/redact.ts';
import { errorText } from '../../lib/text.ts';

const exitCodes = { rowFailed: 1, operator: 2, boardUnreachable: 3, locked: 4 } as const;

/** Of a command line that cannot be understood. */
export const usageExitCode = exitCodes.operator;

/** Prints the error in words on stderr and returns the exit code that it stands for. */
export function exitCodeOf(error: unknown, signal: AbortSignal): number {
  if (signal.reason instanceof StopSignal) return signal.reason.exitCode;
  const redact = createRedact(secretsIn(process.env));
  const print = (sentence: string) => process.stderr.write(`${redact(sentence)}\n`);
  if (error instanceof ConfigError) {
    for (const problem of error.problems) print(problem);
    return exitCodes.operator;
  }
  if (error instanceof LockedError) {
    print(error.message);
    return exitCodes.locked;
  }
  if (error instanceof BoardError) {
    print(error.message);
    return error.failure === 'unreachable' ? exitCodes.boardUnreachable : exitCodes.rowFailed;
  }
  print(`Something went wrong that the worker does not know: ${errorText(error, 300)}`);
  return exitCodes.rowFailed;
}

/** Values of settings whose names say that they are secret; the settings may not have been readable. */
function secretsIn(variables: Variables): readonly string[] {
  const environment = readEnvironment(variables);
  for (const name of Object.keys(variables)) {
    if (/(_TOKENS?|_KEY|_SECRET|_AUTH)(_FILE)?$/.test(name)) environment.secret(name.replace(/_FILE$/, ''));
  }
  return environment.secrets;
}

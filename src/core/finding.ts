import { BoardError, ConfigError } from './errors.ts';

/** What one check found. A problem keeps the worker from its work; a warning and a note do not. */
export interface Finding {
  /** Stable: `token`, `property.status`. */
  key: string;
  /** What the check is about, in the operator's words. */
  about: string;
  state: 'well' | 'note' | 'warning' | 'problem';
  /** One sentence, with the next step when it is a warning or a problem. */
  message: string;
}

/** Returns what a check brings; errors in words become findings instead, and undefined is returned. */
export async function* errorsToFindings<T>(
  subject: Pick<Finding, 'key' | 'about'>,
  check: () => Promise<T>,
): AsyncGenerator<Finding, T | undefined> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof BoardError)) throw error;
    const sentences = error instanceof ConfigError ? error.problems : [error.message];
    for (const message of sentences) yield { ...subject, state: 'problem', message };
    return undefined;
  }
}

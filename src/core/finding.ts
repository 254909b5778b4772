import { BoardError, ConfigError } from './errors.ts';

/** What is looked at when the runtime is examined. */
export interface Subject {
  /** Stable: `token`, `property.status`. */
  key: string;
  /** In the operator's words. */
  about: string;
}

/** What one look found. A problem keeps the worker from its work; a warning and a note do not. */
export interface Finding extends Subject {
  state: 'well' | 'note' | 'warning' | 'problem';
  /** One sentence, with the next step when it is a warning or a problem. */
  message: string;
}

/** Answers with what a look brings; where it fails in words, they become findings, and the answer is undefined. */
export async function* told<T>(subject: Subject, look: () => Promise<T>): AsyncGenerator<Finding, T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof BoardError)) throw error;
    const sentences = error instanceof ConfigError ? error.problems : [error.message];
    for (const message of sentences) yield { ...subject, state: 'problem', message };
    return undefined;
  }
}

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/** Answers questions with yes where --yes was given, else asks a person; undefined where there is no terminal to ask on. */
export function questioner(yes: boolean, signal: AbortSignal): ((question: string) => Promise<boolean>) | undefined {
  if (yes) return async () => true;
  return process.stdin.isTTY && process.stdout.isTTY ? (question) => confirm(question, signal) : undefined;
}

/** Asks a question to which anything but yes, the end of the input included, means no. */
async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  // Not as a terminal of its own, so that Ctrl-C stays the signal that it is.
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: false });
  try {
    const ended = once(lines, 'close', { signal }).then(() => '');
    const answer = await Promise.race([lines.question(`${question} (y/N) `, { signal }), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    lines.close();
  }
}

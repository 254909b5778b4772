import { randomUUID } from 'node:crypto';
import { chmod, chown, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { ConfigError } from '../core/errors.ts';
import { errorCode, isCode } from '../state/disk-error.ts';

/**
 * Sets one variable in a file such as .env, which changes whole or not at all and keeps its rights; a new one is its owner's
 * alone. @throws {ConfigError} when it cannot be written.
 */
export async function setVariable(file: string, name: string, value: string): Promise<void> {
  try {
    const target = await realpath(file).catch(() => file);
    const facts = await stat(target).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    const text = facts ? await readFile(target, 'utf8') : '';
    const temporary = `${target}.${randomUUID()}.tmp`;
    try {
      await writeFile(temporary, withVariable(text, name, value), { flag: 'wx', mode: 0o600, flush: true });
      if (facts) {
        if (facts.uid !== process.getuid?.()) await chown(temporary, facts.uid, facts.gid);
        await chmod(temporary, facts.mode & 0o777);
      }
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new ConfigError(`${file} cannot be written (${code}): add the line ${name}=${value} to it yourself.`, error);
  }
}

/** The variable's value in the file; undefined when it has none. */
export async function readVariable(file: string, name: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const line = lastAssignment(text.split(/\r?\n/), name);
  return line?.text.replace(/^[^=]*=/, '').trim() || undefined;
}

/** The text with its last assignment of the variable replaced, for that one counts, or with one more line. */
export function withVariable(text: string, name: string, value: string): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const line = `${name}=${value}`;
  const lines = text.split(/\r?\n/);
  const found = lastAssignment(lines, name);
  if (found) return lines.with(found.index, line).join(end);
  if (lines.at(-1) === '') lines.pop();
  return [...lines, line, ''].join(end);
}

function lastAssignment(lines: readonly string[], name: string): { index: number; text: string } | undefined {
  const index = lines.findLastIndex((line) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`).test(line));
  const text = lines[index];
  return text === undefined ? undefined : { index, text };
}

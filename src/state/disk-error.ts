import { ConfigError } from '../core/errors.ts';

/** Runs work on the disk, and turns its failure into a sentence for the operator. */
export async function onDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    throw new ConfigError(sentence(code, folder, error.message), error);
  }
}

/** Is it an error of the operating system with one of these codes? */
export function isCode(error: unknown, ...codes: string[]): boolean {
  const code = errorCode(error);
  return code !== undefined && codes.includes(code);
}

/** The operating system's code of an error, such as ENOENT; undefined for other errors. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function sentence(code: string, folder: string, message: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `The disk that holds ${folder} is full; free some space, then run again. Nothing was lost.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `The folder ${folder} cannot be written to (${code}); allow it, or choose another folder with IMAGES_DIR.`;
    case 'ENOENT':
      return `The folder ${folder} is not there; bring it back or check that its disk is mounted, then run again.`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${folder} cannot be a folder because a file stands in its way; move that file, or set IMAGES_DIR to another folder.`;
    default:
      return `The disk that holds ${folder} failed: ${message}. Check the disk, then run again.`;
  }
}

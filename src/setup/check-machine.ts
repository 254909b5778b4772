import { stat } from 'node:fs/promises';
import type { Finding } from '../core/finding.ts';

/** Checks that this Node.js is one that the product runs on: from 20.19, from 22.12, and above (package.json says so too). */
export function checkNode(version: string): Finding {
  const subject = { key: 'node', about: 'Node.js' };
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const serves = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (serves) return { ...subject, state: 'well', message: version };
  const step = 'install Node.js 24 from nodejs.org (20.19 and later of 20, and 22.12 and later serve too)';
  return { ...subject, state: 'problem', message: `Version ${version} is not supported: ${step}.` };
}

/** Checks that the file with the secrets is the operator's alone; rights say nothing on Windows. */
export async function checkEnvFile(file: string): Promise<Finding> {
  const subject = { key: 'env-file', about: 'Rights of .env' };
  const facts = await stat(file).catch(() => undefined);
  if (!facts) return { ...subject, state: 'well', message: 'no such file; settings come from the environment' };
  if (process.platform === 'win32' || (facts.mode & 0o004) === 0) {
    return { ...subject, state: 'well', message: 'closed to others' };
  }
  const message = `Everybody on this machine can read the secrets in ${file}: run chmod 600 ${file}.`;
  return { ...subject, state: 'warning', message };
}

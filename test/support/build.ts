import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** The build removes the folder first, so the stamp never outlives what it stands for. */
const stamp = join(root, 'dist/.built-from');

/** The commands are tested as they are shipped: compiled, and compiled again whenever a source has changed. */
export function setup(): void {
  const sources = hashOfSources();
  if (readStamp() === sources) return;
  const { status, stdout, stderr, error } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    throw new Error(`npm run build failed, so there is nothing to test:\n${stdout}${stderr}${error?.message ?? ''}`);
  }
  writeFileSync(stamp, sources);
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((name) =>
    join('src', name),
  );
  for (const name of [...settings, ...sources.toSorted()]) {
    const path = join(root, name);
    if (statSync(path).isFile()) hash.update(`${name}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

function readStamp(): string | undefined {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}

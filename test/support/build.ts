import { spawnSync } from 'node:child_process';

/** The commands are tested as they are shipped: compiled, once for the whole run. */
export function setup(): void {
  spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'ignore', shell: process.platform === 'win32' });
}

// Builds after `npm ci`, so that every command starts from compiled code. Without the development dependencies
// (`npm ci --omit=dev`, NODE_ENV=production) there is no compiler, and the build that was shipped is left as it is.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const has = (name) => {
  try {
    createRequire(import.meta.url).resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
};

if (has('typescript') && has('@tsconfig/node-ts') && has('@types/node')) {
  const build = spawnSync('npm', ['run', '--silent', 'build'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exitCode = build.status ?? 1;
} else {
  console.log('No development dependencies here: dist/ is left as it is.');
}

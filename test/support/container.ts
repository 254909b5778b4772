import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { z } from 'zod';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** What the Dockerfile and docker-compose.yml set; a change there has its place here too. */
const image = {
  files: ['package.json', 'LICENSE', 'assets', 'dist'],
  environment: { NODE_ENV: 'production', IMAGES_DIR: '/data' },
  user: { uid: 1000, gid: 1000 },
  command: ['dist/cli.js', 'start'],
};

/** The arguments of `node` in the Dockerfile's HEALTHCHECK. */
export const healthCheck = z
  .tuple([z.literal('node')], z.string())
  .parse(
    JSON.parse(/^HEALTHCHECK[^[]*(\[.*\])$/m.exec(readFileSync(join(repository, 'Dockerfile'), 'utf8'))?.[1] ?? ''),
  )
  .slice(1);

/**
 * Root makes a file system of its own: the image's files and the machine's programs, all read-only, with the volume and /tmp on
 * top, and then becomes the image's user without any power. The process stays the same all the way, and so gets signals.
 */
const enter = `set -eu
root=$1 node=$2 uid=$3 gid=$4; shift 4
mount --bind "$root" "$root"
for name in bin dev etc lib lib64 proc usr; do
  [ -d "/$name" ] || continue
  mkdir -p "$root/$name"
  mount --rbind "/$name" "$root/$name"
done
touch "$root/node"
mount --bind "$node" "$root/node"
mount --bind "$root/data" "$root/data"
mount -t tmpfs -o size=64m tmpfs "$root/tmp"
for name in etc usr ''; do mount -o remount,bind,ro "$root/$name"; done
exec chroot "$root" setpriv --reuid="$uid" --regid="$gid" --clear-groups --inh-caps=-all --bounding-set=-all \\
  --no-new-privs env --chdir=/app /node "$@"`;

const unshare = ['unshare', '--mount', '--propagation', 'private', '--'];

/** Whether this machine can give a process a file system of its own. */
export const isContained =
  process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'mount', '--bind', '/', '/']).status === 0;

/** A process in the container. */
export interface ContainerProcess {
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>;
}

/** The equivalent of the worker's container. */
export interface Container extends AsyncDisposable {
  /** The volume, as seen from outside. */
  data: string;
  /** The user that the processes run as. */
  userId: number | undefined;
  /** Runs `node` under a .env file of this text; without arguments, the image's own command. */
  run(environmentFile: string, args?: string[]): ContainerProcess;
}

/** The built tree in the surroundings that Dockerfile and docker-compose.yml give it. */
export async function createContainer(): Promise<Container> {
  const { uid, gid } = image.user;
  const root = await mkdtemp(join(tmpdir(), 'container-'));
  await chmod(root, 0o755);
  const app = join(root, 'app');
  for (const path of image.files) await cp(join(repository, path), join(app, path), { recursive: true });
  await copyProductionPackages(join(app, 'node_modules'));
  const data = join(root, 'data');
  for (const folder of [data, join(root, 'tmp')]) {
    await mkdir(folder);
    if (isContained) await chown(folder, uid, gid);
  }

  return {
    data,
    userId: isContained ? uid : process.getuid?.(),
    run(environmentFile, args = image.command) {
      const env = {
        // What the base image and Docker add.
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/home/node',
        ...parseEnv(environmentFile),
        ...image.environment,
      };
      if (!isContained) {
        // Without a file system of its own, the folders are where they are.
        const placed = { ...env, IMAGES_DIR: data, TMPDIR: join(root, 'tmp') };
        return start([process.execPath, ...args], { env: placed, cwd: app });
      }
      const place = [root, process.execPath, String(uid), String(gid)];
      return start([...unshare, 'sh', '-c', enter, 'sh', ...place, ...args], { env });
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** Copies what `npm ci --omit=dev` installs by the lock. */
async function copyProductionPackages(target: string): Promise<void> {
  const lock = z.object({ packages: z.record(z.string(), z.looseObject({ dev: z.boolean().default(false) })) });
  const { packages } = lock.parse(JSON.parse(await readFile(join(repository, 'package-lock.json'), 'utf8')));
  for (const [path, { dev }] of Object.entries(packages)) {
    const source = join(repository, path);
    if (path === '' || dev || path.includes('/node_modules/') || !existsSync(source)) continue;
    await cp(source, join(dirname(target), path), { recursive: true, verbatimSymlinks: true });
  }
}

function start(command: string[], options: { env: Record<string, string>; cwd?: string }): ContainerProcess {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return {
    kill: (signal) => void child.kill(signal),
    ended: new Promise((done, fail) => {
      child.on('error', fail);
      child.on('close', (code, signal) => done({ code, signal, output }));
    }),
  };
}

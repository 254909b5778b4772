import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { ourComposeFile } from './compose.ts';
import { imageOf, ourDockerfile } from './dockerfile.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Root makes a file system of its own: the image's files and the machine's programs, all read-only, with the volume and /tmp on
 * top, and then becomes the image's user without any power. The process stays the same all the way, and so hears signals.
 */
const enter = `set -eu
root=$1 node=$2 user=$3 folder=$4; shift 4
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
exec chroot "$root" setpriv --reuid="\${user%:*}" --regid="\${user#*:}" --clear-groups --inh-caps=-all --bounding-set=-all \\
  --no-new-privs env --chdir="$folder" /node "$@"`;

const unshare = ['unshare', '--mount', '--propagation', 'private', '--'];

/** Can this machine give a process a file system of its own? */
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
  stopSignal: NodeJS.Signals;
  /** Arguments of `node`. */
  healthCheck: string[];
  /** Runs `node` under a .env file of this text; without arguments, the image's own command. */
  run(environmentFile: string, args?: string[]): ContainerProcess;
}

/** What Dockerfile and docker-compose.yml make of this repository. */
export async function createContainer(): Promise<Container> {
  const stages = await ourDockerfile();
  const image = imageOf(stages);
  const { worker } = (await ourComposeFile()).services;
  const root = await mkdtemp(join(tmpdir(), 'container-'));
  await chmod(root, 0o755);
  for (const { from, sources, target } of image.copies) {
    const origin = stages.find(({ name }) => name === from)?.instructions.find(({ name }) => name === 'WORKDIR')?.rest;
    for (const source of sources) {
      const path = origin === undefined ? source : source.replace(`${origin}/`, '');
      const into = join(root, resolve(image.folder, target === './' ? path : target));
      if (path === 'node_modules') await copyProductionPackages(into);
      else await cp(join(repository, path), into, { recursive: true });
    }
  }
  const [uid = 0, gid = 0] = image.user.split(':').map(Number);
  const data = join(root, image.volumes[0] ?? '');
  await mkdir(data);
  await mkdir(join(root, 'tmp'));
  if (isContained) for (const folder of [data, join(root, 'tmp')]) await chown(folder, uid, gid);

  const environmentWith = (environmentFile: string) => ({
    // What the base image and Docker add.
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/home/node',
    ...image.environment,
    ...parseEnv(environmentFile),
    ...worker.environment,
  });
  const run: Container['run'] = (environmentFile, args = [...image.entrypoint, ...image.command].slice(1)) => {
    const env = environmentWith(environmentFile);
    if (!isContained) {
      // Without a file system of its own, the folders are where they are.
      const placed = { ...env, IMAGES_DIR: data, TMPDIR: join(root, 'tmp') };
      return start([process.execPath, ...args], { env: placed, cwd: join(root, image.folder) });
    }
    const place = [root, process.execPath, image.user, image.folder];
    return start([...unshare, 'sh', '-c', enter, 'sh', ...place, ...args], { env });
  };

  return {
    data,
    userId: isContained ? uid : process.getuid?.(),
    stopSignal: z.enum(['SIGTERM', 'SIGINT']).parse(image.stopSignal),
    healthCheck: image.healthCheck.slice(1),
    run,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** What `npm ci --omit=dev` installs by the lock. */
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

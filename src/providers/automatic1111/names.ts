import { z } from 'zod';
import type { Connection } from './connection.ts';
import { ProviderError } from '../../core/errors.ts';

/** A checkpoint or sampler of the server. */
export interface Listed {
  readonly name: string;
  /** Whether it goes by this name as well. */
  isCalled(name: string): boolean;
}

type ReadList = (json: unknown) => Listed[] | undefined;

/** What the server lists at `path`, asked for once and again when a name is not among it. */
export function createCatalogue(connection: Connection, path: string, kind: string, read: ReadList) {
  let known: Listed[] = [];
  return {
    /** Undefined when the server keeps no such list. @throws {ProviderError} `invalid_request` when the list lacks the name. */
    async find(name: string, signal: AbortSignal): Promise<Listed | undefined> {
      const found = pick(known, name);
      if (found) return found;
      const list = await fetchList(connection, path, read, signal);
      if (list === undefined) return undefined;
      known = list;
      const fresh = pick(list, name);
      if (fresh) return fresh;
      throw new ProviderError(
        'invalid_request',
        `${connection.label} has no ${kind} "${name.slice(0, 80)}": choose ${nameSome(list)}`,
      );
    },
    forget() {
      known = [];
    },
  };
}

/** The server's list; undefined when it has no such route. */
export async function fetchList(
  connection: Connection,
  path: string,
  read: ReadList,
  signal: AbortSignal,
): Promise<Listed[] | undefined> {
  const answer = await connection.get(path, signal);
  if (answer.status === 200) return read(answer.json());
  if (answer.status === 404 || answer.status === 405) return undefined;
  throw connection.failure(answer);
}

/** The entry that goes by this name; the one that is written like this goes before others. */
export function pick(list: readonly Listed[], name: string): Listed | undefined {
  return list.find((item) => withoutHash(item.name) === name) ?? list.find((item) => item.isCalled(name));
}

/** A few names, for people. */
export function nameSome(list: readonly Listed[]): string {
  if (list.length === 0) return 'another one (it lists none)';
  const names = list.slice(0, 5).map(({ name }) => `"${name.slice(0, 80)}"`);
  const more = list.length > names.length ? ` (and ${list.length - names.length} more)` : '';
  return `${names.join(', ')}${more}`;
}

/** What a checkpoint of this name goes by, on a server that lists none. */
export function listedAs(name: string): Listed {
  return listed(name, [withoutHash(name), stem(withoutHash(name))]);
}

const text = z.string().trim().min(1).optional().catch(undefined);
const checkpoint = z.object({ title: text, model_name: text, filename: text, hash: text, sha256: text });

/** Reads `/sdapi/v1/sd-models`; what makes no sense in it is left out. */
export function readCheckpoints(json: unknown): Listed[] | undefined {
  return readList(json, (item) => {
    const { title, model_name: modelName, filename, hash, sha256 } = checkpoint.safeParse(item).data ?? {};
    const name = title ?? modelName;
    if (name === undefined) return undefined;
    const files = [withoutHash(name), filename].flatMap((file) => (file ? [file, baseName(file), stem(file)] : []));
    // A hash is shown as its first ten digits, and was once eight digits of another kind.
    return listed(name, [modelName, hash, sha256, sha256?.slice(0, 10), ...files]);
  });
}

const sampler = z.object({ name: text, aliases: z.array(text).catch([]) });

/** Reads `/sdapi/v1/samplers`. */
export function readSamplers(json: unknown): Listed[] | undefined {
  return readList(json, (item) => {
    const { name, aliases = [] } = sampler.safeParse(item).data ?? {};
    return name === undefined ? undefined : listed(name, aliases);
  });
}

function readList(json: unknown, read: (item: unknown) => Listed | undefined): Listed[] | undefined {
  if (!Array.isArray(json)) return undefined;
  return json.flatMap((item: unknown) => read(item) ?? []);
}

function listed(name: string, others: readonly (string | undefined)[]): Listed {
  const names = new Set([name, ...others].map((other) => other?.toLowerCase()));
  return { name, isCalled: (asked) => names.has(asked.trim().toLowerCase()) };
}

/** "model.safetensors [31e35c80fc]" → "model.safetensors" */
function withoutHash(title: string): string {
  return title.replace(/\s*\[[0-9a-f]+\]$/i, '');
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

function stem(path: string): string {
  return baseName(path).replace(/\.(?:safetensors|ckpt|pth?|gguf|sft|bin)$/i, '');
}

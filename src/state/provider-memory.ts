import pLimit from 'p-limit';
import { z } from 'zod';
import { keysOf } from '../lib/records.ts';
import { reactions, type FailureCode } from '../core/reactions.ts';
import type { Log } from '../lib/log.ts';
import { readState, type StateFile } from './state-file.ts';

/** Why a provider is not asked for a while. */
export interface Lockout {
  code: FailureCode;
  /** Wall-clock ms when asking makes sense again. */
  until: number;
  /** Wall-clock ms when it failed last. */
  since: number;
  /** How often in a row it failed so. */
  strikes: number;
}

/** Whose lockout it is; only one that is remembered by route depends on the model. */
export interface LockoutOwner {
  name: string;
  account: string;
  model: string;
}

/** The lockouts that outlive the process. Writing never fails the caller; what could not be written is logged. */
export type ProviderMemory = ReturnType<typeof createMemory>;

const lastTimeMs = 8.64e15;
const time = z.number().min(0).max(lastTimeMs);
const entrySchema = z.object({
  account: z.string(),
  model: z.string().optional(),
  code: z.enum(keysOf(reactions).filter((code) => ['account', 'route'].includes(reactions[code].remember))),
  until: time,
  since: time,
  strikes: z.int().min(1),
});
type Entry = Omit<z.infer<typeof entrySchema>, 'code'> & Pick<Lockout, 'code'>;

const fileSchema = z.object({ version: z.literal(1), providers: z.record(z.string(), entrySchema) });

/** Opens the memory; a text that is torn or foreign is started anew. @throws {ConfigError} when a newer version wrote it. */
export async function openMemory(file: StateFile, log: Log): Promise<ProviderMemory> {
  const unreadable = 'What was known of the providers cannot be read, and is started anew';
  const format = { name: 'providers.json', version: 1, schema: fileSchema, log, unreadable };
  const entries = new Map(Object.entries((await readState(file, format))?.providers ?? {}));
  const oneAtATime = pLimit(1);
  const write = async () => {
    try {
      await file.save(`${JSON.stringify({ version: 1, providers: Object.fromEntries(entries) }, undefined, 2)}\n`);
    } catch (error) {
      log.warn({ err: error }, 'What is known of the providers could not be kept: check the disk');
    }
  };
  return createMemory(entries, () => oneAtATime(write));
}

/** A memory that ends with the process, unless `write` is given, which is called after each change. */
export function createMemory(entries = new Map<string, Entry>(), write: () => Promise<void> = () => Promise.resolve()) {
  return {
    /** The lockout of this account and model; one of another account or model is forgotten. */
    recall({ name, account, model }: LockoutOwner): Lockout | undefined {
      const entry = entries.get(name);
      if (!entry) return undefined;
      if (entry.account === account && (entry.model ?? model) === model) {
        const { code, until, since, strikes } = entry;
        return { code, until, since, strikes };
      }
      entries.delete(name);
      void write();
      return undefined;
    },
    remember({ name, account, model }: LockoutOwner, lockout: Lockout) {
      const isRoute = reactions[lockout.code].remember === 'route';
      entries.set(name, { account, ...(isRoute && { model }), ...lockout });
      return write();
    },
    /** Forgets one provider's lockout, or all of them. */
    async forget(name?: string) {
      const names = name === undefined ? [...entries.keys()] : [name];
      if (names.filter((known) => entries.delete(known)).length > 0) await write();
    },
  };
}

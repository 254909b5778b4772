import { z } from 'zod';
import type { Log } from '../lib/log.ts';
import { lineEnd, type SpendFiles } from './spend-files.ts';

/** open: set aside for a call · spent · possible: nobody knows · released: certainly not billed. */
const states = ['open', 'spent', 'possible', 'released'] as const;

const lineSchema = z.object({
  /** The call's own. */
  id: z.string().min(1),
  /** ISO 8601, UTC. */
  at: z.string(),
  provider: z.string(),
  model: z.string(),
  state: z.enum(states),
  usd: z.number().min(0).max(1e6),
});

/** One change: how a paid call stands from now on. */
export type SpendLine = z.infer<typeof lineSchema>;

/** One month's spend, summed over its lines in whole nanodollars, which do not drift as fractions do. */
export interface SpendLedger {
  readonly month: string;
  readonly nanos: Readonly<Record<SpendLine['state'], number>>;
  /** What one call may cost or did cost; 0 when the call is unknown. */
  nanosOf(id: string): number;
  /** Reads the lines that were added, by other processes too. */
  catchUp(): Promise<void>;
  /** Writes a change down, then counts it. */
  write(line: SpendLine): Promise<void>;
}

export function toNanos(usd: number): number {
  return Math.round(usd * 1e9);
}

export function toUsd(nanos: number): number {
  return nanos / 1e9;
}

/** A month's ledger of which nothing is read yet. */
export function createSpendLedger(month: string, files: SpendFiles, log: Log): SpendLedger {
  const calls = new Map<string, { state: SpendLine['state']; nanos: number }>();
  const nanos = { open: 0, spent: 0, possible: 0, released: 0 };
  let readBytes = 0;

  const count = ({ id, state, usd }: SpendLine) => {
    const earlier = calls.get(id);
    if (earlier) nanos[earlier.state] -= earlier.nanos;
    const call = { state, nanos: toNanos(usd) };
    calls.set(id, call);
    nanos[state] += call.nanos;
  };

  return {
    month,
    nanos,
    nanosOf: (id) => calls.get(id)?.nanos ?? 0,
    async catchUp() {
      const bytes = await files.read(month, readBytes);
      // A last line without its end is torn, or still being written.
      const whole = bytes.subarray(0, bytes.lastIndexOf(lineEnd) + 1);
      readBytes += whole.byteLength;
      for (const text of new TextDecoder().decode(whole).split('\n')) {
        if (text === '') continue;
        const line = parseLine(text);
        if (line) count(line);
        else log.warn({ month, line: text.slice(0, 200) }, 'A line of the spend ledger cannot be read and is left out');
      }
    },
    async write(line) {
      await files.append(month, JSON.stringify(line));
      count(line);
    },
  };
}

function parseLine(text: string): SpendLine | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

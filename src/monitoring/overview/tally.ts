import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { listen, type WorkerEvents } from '../../core/events.ts';
import type { DayView } from '../../core/overview.ts';
import type { Log } from '../../lib/log.ts';
import { coalesce } from '../coalesce.ts';
import { readState, type StateFile } from '../../state/state-file.ts';

interface TallyOptions {
  file: StateFile;
  clock: Clock;
  log: Log;
  events: WorkerEvents;
}

/** By day, then by provider. */
type Counts = Map<string, Map<string, number>>;

const fileSchema = z.object({
  version: z.literal(1),
  days: z.record(z.iso.date(), z.record(z.string(), z.int().nonnegative())),
});

const dayMs = 86_400_000;
const mostDays = 62;
const betweenWritesMs = 1000;

/** Images a day by provider, kept beyond the process. */
export async function openTally({ file, clock, log, events }: TallyOptions) {
  const counts = await readCounts(file, log);
  const ending = new AbortController();
  /** Has an image been counted that is not on disk? */
  let isDirty = false;
  let isFailing = false;

  // A disk that fails is tried again with the next image, and in the end.
  const save = coalesce(async () => {
    if (!isDirty) return;
    isDirty = false;
    try {
      const days = Object.fromEntries([...counts].map(([day, own]) => [day, Object.fromEntries(own)]));
      await file.save(`${JSON.stringify({ version: 1, days }, undefined, 2)}\n`);
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.debug({ err: error }, 'The tally of pictures could not be written');
      isDirty = isFailing = true;
    }
    await clock.sleep(betweenWritesMs, ending.signal).catch(() => undefined);
  });

  const unlisten = listen(events, {
    attempt({ outcome, provider }) {
      if (outcome !== 'ok') return;
      const today = dayOf(clock.now());
      const byProvider = counts.get(today) ?? new Map<string, number>();
      byProvider.set(provider, (byProvider.get(provider) ?? 0) + 1);
      counts.set(today, byProvider);
      forgetOldest(counts);
      isDirty = true;
      void save();
    },
  });

  return {
    /** The last days up to today, oldest first, empty ones included. */
    days(length: number): DayView[] {
      const now = clock.now();
      return Array.from({ length }, (_, index) => {
        const day = dayOf(now - (length - 1 - index) * dayMs);
        return { day, counts: Object.fromEntries(counts.get(day) ?? []) };
      });
    },
    /** Ends the counting, and writes what is not on disk yet; never fails. */
    async saved() {
      unlisten();
      ending.abort();
      await save();
    },
  };
}

async function readCounts(file: StateFile, log: Log): Promise<Counts> {
  const unreadable = 'The tally of pictures cannot be read, and begins anew';
  const format = { name: 'tally.json', version: 1, schema: fileSchema, log, unreadable };
  const { days = {} } = (await readState(file, format)) ?? {};
  const counts = new Map(Object.entries(days).map(([day, own]) => [day, new Map(Object.entries(own))]));
  forgetOldest(counts);
  return counts;
}

/** By what was counted, not by today's date, so that a clock that jumped for a moment costs nothing. */
function forgetOldest(counts: Counts): void {
  for (const day of [...counts.keys()].toSorted().slice(0, -mostDays)) counts.delete(day);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../src/lib/clock.ts';
import { createWorkerEvents } from '../../../src/core/events.ts';
import type { Attempt } from '../../../src/core/provider.ts';
import { readIfPresent, writeAtomic } from '../../../src/state/files.ts';
import type { StateFile } from '../../../src/state/state-file.ts';
import { openTally } from '../../../src/monitoring/overview/tally.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { createLines, flushPromises } from '../../support/chain/rig.ts';
import { createMemoryFile } from '../../support/memory-file.ts';

const dayMs = 86_400_000;

async function open(text?: string, clock: Clock = createFakeClock()) {
  const file = createMemoryFile(text);
  const events = createWorkerEvents();
  const log = createLines();
  const tally = await openTally({ file, clock, log, events });
  onTestFinished(() => tally.saved());
  const made = (provider: string, outcome: Attempt['outcome'] = 'ok') => {
    const startedAt = new Date(clock.now()).toISOString();
    events.emit('attempt', { provider, label: provider, model: 'm', startedAt, durationMs: 5, outcome });
  };
  return { tally, made, events, lines: log.lines, file, read: () => JSON.parse(file.text ?? 'null') as unknown };
}

/** Its sleeps last until they are aborted or ended by hand. */
function createHeldClock(): Clock & { readonly asked: number[]; end(): void } {
  const fake: FakeClock = createFakeClock();
  const asked: number[] = [];
  let ends: (() => void)[] = [];
  return {
    ...fake,
    asked,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        asked.push(ms);
        ends.push(resolve);
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
        if (signal?.aborted) reject(new Error('aborted'));
      }),
    end() {
      for (const end of ends) end();
      ends = [];
    },
  };
}

describe('the tally of images', () => {
  it('shows days without images, oldest first, up to today', async () => {
    const { tally } = await open();
    expect(tally.days(3)).toEqual([
      { day: '2026-11-19', counts: {} },
      { day: '2026-11-20', counts: {} },
      { day: '2026-11-21', counts: {} },
    ]);
  });

  it('counts images by provider on the UTC day on which they were made, and nothing else', async () => {
    const clock = createFakeClock(Date.UTC(2026, 10, 21, 23, 59, 59));
    const { tally, made } = await open(undefined, clock);
    made('huggingface');
    made('huggingface');
    made('placeholder');
    made('replicate', 'out_of_credit');
    await flushPromises();
    clock.advance(1000);
    made('huggingface');
    expect(tally.days(2)).toEqual([
      { day: '2026-11-21', counts: { huggingface: 2, placeholder: 1 } },
      { day: '2026-11-22', counts: { huggingface: 1 } },
    ]);
  });

  it('goes on where an earlier process ended', async () => {
    const first = await open();
    first.made('huggingface');
    await first.tally.saved();
    const second = await open(first.file.text);
    second.made('huggingface');
    expect(second.tally.days(1)).toEqual([{ day: '2026-11-21', counts: { huggingface: 2 } }]);
    expect(second.lines).toEqual([]);
  });

  it('writes once in a second however many images are made, and what came since in the next', async () => {
    const clock = createHeldClock();
    const { made, file, read } = await open(undefined, clock);
    for (let index = 0; index < 20; index += 1) made('huggingface');
    await flushPromises();
    for (let index = 0; index < 20; index += 1) made('huggingface');
    await flushPromises();
    expect([file.saves, clock.asked]).toEqual([1, [1000]]);
    clock.end();
    await flushPromises();
    expect(file.saves).toBe(2);
    expect(read()).toEqual({ version: 1, days: { '2026-11-21': { huggingface: 40 } } });
    clock.end();
    await flushPromises();
    expect(file.saves).toBe(2);
    made('huggingface');
    await flushPromises();
    expect(file.saves).toBe(3);
  });

  it('has everything on disk in the end without waiting for the second, and counts no more', async () => {
    const clock = createHeldClock();
    const { tally, made, events, file, read } = await open(undefined, clock);
    made('huggingface');
    await flushPromises();
    made('placeholder');
    await tally.saved();
    expect(read()).toEqual({ version: 1, days: { '2026-11-21': { huggingface: 1, placeholder: 1 } } });
    expect(events.listenerCount('attempt')).toBe(0);
    await tally.saved();
    expect(file.saves).toBe(2);
  });

  it('writes nothing when nothing was made', async () => {
    const { tally, file } = await open();
    await tally.saved();
    expect(file.saves).toBe(0);
  });

  it('keeps 62 days', async () => {
    const clock = createFakeClock();
    const { tally, made } = await open(undefined, clock);
    for (let day = 0; day < 70; day += 1) {
      made('huggingface');
      await flushPromises();
      clock.advance(dayMs - (clock.now() % dayMs));
    }
    const days = tally.days(80).filter(({ counts }) => counts['huggingface'] === 1);
    expect([days.length, days.at(-1)?.day]).toEqual([62, '2027-01-29']);
  });

  it.each([
    ['torn', '{"version":1,"days":{"2026-11-21":{"hugg'],
    ['of a version that never was', '{"version":0,"days":{}}'],
    ['of another kind', '[]'],
    ['with days that are none', '{"version":1,"days":{"yesterday":{"huggingface":1}}}'],
    ['with counts that are none', '{"version":1,"days":{"2026-11-21":{"huggingface":-1}}}'],
  ])('begins anew with a line in the log when its file is %s', async (_, text) => {
    const { tally, made, lines, read } = await open(text);
    expect(lines).toEqual(['warn The tally of pictures cannot be read, and begins anew']);
    made('huggingface');
    await tally.saved();
    expect(read()).toEqual({ version: 1, days: { '2026-11-21': { huggingface: 1 } } });
  });

  it('begins anew when its file cannot be read', async () => {
    const log = createLines();
    const file: StateFile = { load: () => Promise.reject(new Error('no right')), save: async () => undefined };
    const tally = await openTally({ file, clock: createFakeClock(), log, events: createWorkerEvents() });
    expect([tally.days(1)[0]?.counts, log.lines.length]).toEqual([{}, 1]);
  });

  it('logs once that the disk fails, tries it again with the next image, and loses no count', async () => {
    const { tally, made, file, lines, read } = await open();
    file.failure = new Error('the disk is full');
    made('huggingface');
    await flushPromises();
    made('huggingface');
    await flushPromises();
    expect(file.saves).toBe(2);
    expect(lines).toEqual(['debug The tally of pictures could not be written']);
    file.failure = undefined;
    await tally.saved();
    expect(read()).toEqual({ version: 1, days: { '2026-11-21': { huggingface: 2 } } });
  });

  it('logs again that the disk fails when it worked in between', async () => {
    const { made, file, lines } = await open();
    for (const isBroken of [true, false, true]) {
      file.failure = isBroken ? new Error('the disk is full') : undefined;
      made('huggingface');
      await flushPromises();
    }
    expect(lines).toHaveLength(2);
  });

  it('keeps a real file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tally-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'tally.json');
    const file: StateFile = {
      load: async () => (await readIfPresent(path))?.toString(),
      save: (text) => writeAtomic(path, text),
    };
    const events = createWorkerEvents();
    const tally = await openTally({ file, clock: systemClock, log: createLines(), events });
    const startedAt = '2026-11-21T10:00:00.000Z';
    events.emit('attempt', { provider: 'sd', label: 'SD', model: 'm', startedAt, durationMs: 5, outcome: 'ok' });
    await tally.saved();
    expect(await readFile(path, 'utf8')).toContain('"sd": 1');
  });
});

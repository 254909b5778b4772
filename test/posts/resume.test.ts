import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Post } from '../../src/core/post.ts';
import { resume, resumeHealing, showsResult } from '../../src/posts/resume.ts';
import {
  callsChanged,
  claimed,
  failed,
  imageNamed,
  placeholderStays,
  settled,
  uploadBegun,
} from '../../src/posts/transitions.ts';
import {
  type FailureResult,
  type ImageResult,
  type JournalEntry,
  journalEntrySchema,
  type Unfinished,
} from '../../src/state/journal-schema.ts';
import { fakePost } from '../support/fake-post.ts';
import { generatedFile } from '../support/journal.ts';

const now = Date.UTC(2026, 10, 21, 12);
const hourMs = 3_600_000;
const call = {
  provider: 'replicate',
  label: 'Replicate',
  model: 'm',
  startedAt: '2026-11-21T11:00:00Z',
  costUsd: 0.003,
};
const refused = { ...call, durationMs: 5, outcome: 'unavailable' as const };
const upload = { id: 'u', file: generatedFile.saved };
const placeholder: ImageResult = { kind: 'image', at: now - hourMs, path: 'freeapi_1.png', healAt: now - hourMs };
const shownFailure: FailureResult = { kind: 'failure', at: now - hourMs, error: 'No picture.', retryAt: now - 1 };

const first: Unfinished['task'] = { kind: 'generate', retries: 0 };
const third: Unfinished['task'] = { kind: 'generate', retries: 2, earlier: shownFailure };
const healing: Unfinished['task'] = { kind: 'heal', placeholder };

/** Every step that a row can have come to, made by the transitions themselves. */
const anyEntry = fc
  .record({
    task: fc.constantFrom(first, third, healing),
    generation: fc.integer({ min: 0, max: 3 }),
    hasJob: fc.boolean(),
    isPlaceholder: fc.boolean(),
    mayRetry: fc.boolean(),
    settledMsAgo: fc.constantFrom(1000, hourMs),
    step: fc.constantFrom(
      'claimed',
      'generating',
      'generated',
      'uploading',
      'failing',
      'failing-untaken',
      'settled',
      'settled-failed',
    ),
  })
  .map(({ task, generation, hasJob, isPlaceholder, mayRetry, settledMsAgo, step }): JournalEntry => {
    const begun = claimed(fakePost({ id: 'a', prompt: 'a' }), generation, task);
    const jobs: Record<string, string> = hasJob ? { replicate: 'job' } : {};
    const asked = callsChanged(begun, { attempts: [refused], openCalls: [call], jobs });
    const provider = isPlaceholder ? 'placeholder' : 'huggingface';
    const image = { ...generatedFile, provenance: { ...generatedFile.provenance, provider } };
    const generated = imageNamed(asked, { image, attempts: [refused] });
    const at = now - settledMsAgo;
    const path = generatedFile.saved.path;
    const uploading = uploadBegun(generated, upload, { kind: 'image', at, path, ...(isPlaceholder && { healAt: at }) });
    const error = 'No picture could be made.';
    const pending: FailureResult = { kind: 'failure', at, error, ...(mayRetry && { retryAt: now - 1 }) };
    const entries: Record<string, JournalEntry> = {
      claimed: begun,
      generating: asked,
      generated,
      uploading,
      failing: failed(asked, [refused], pending),
      'failing-untaken': failed(generated, [refused], pending),
      settled: settled(uploading, at),
      'settled-failed': settled(failed(generated, [refused], pending), at),
    };
    return entries[step] ?? begun;
  });

/** What an editor, a lagging query or our own writing may have made of the row. */
const anyRow = fc.record({
  prompt: fc.constantFrom('a', 'another'),
  status: fc.constantFrom('needs-image' as const, 'generating' as const, 'failed' as const),
  imageFile: fc.constantFrom('', generatedFile.saved.path, placeholder.path, 'mine.png'),
  error: fc.constantFrom('', 'No picture could be made.'),
});

type Resume = typeof resume;

/** What must hold of every answer; the first rule that is broken. */
function brokenRule(candidate: Resume, entry: JournalEntry, post: Post): string | undefined {
  const next = candidate(entry, post, now);
  const isWritten = 'pendingWrite' in entry && showsResult(post, entry.pendingWrite);
  const isOpen = entry.step !== 'settled' && !isWritten && entry.task.kind === 'generate';
  const isUnchanged = post.prompt === 'a';
  const rules: Record<string, boolean> = {};
  if (next.kind === 'leave') {
    rules['leaves alone only what was just settled'] =
      entry.step === 'settled' && now - entry.result.at < 120_000 && !showsResult(post, entry.result);
  } else {
    rules['is legal'] = journalEntrySchema.safeParse(next.entry).success;
    const step = next.entry.generation - entry.generation;
    rules['goes on with the same generation or the next'] = step === 0 || step === 1;
  }
  if (next.kind === 'write-failure') {
    rules['writes a failure that was not written'] = entry.step === 'failing' && isOpen && isUnchanged;
  }
  if (entry.step === 'settled' && now - entry.result.at < 120_000 && !showsResult(post, entry.result)) {
    const isDue = post.status === 'failed' && entry.result.kind === 'failure' && entry.result.retryAt !== undefined;
    rules['does not trust a query older than our own write'] = isDue || next.kind === 'leave';
  }
  if (next.kind === 'continue') {
    const { entry: reached, cutOff, discard } = next;
    const fresh = claimed(post, 0, first);
    rules['works for the row as it stands'] = reached.fingerprint === fresh.fingerprint;
    const image = 'image' in entry ? entry.image : undefined;
    const carried = 'image' in reached ? reached.image : undefined;
    rules['never carries an image over to an edited row'] = isUnchanged || carried === undefined;
    rules['throws away no image that it carries'] = !discard || carried?.saved.sha256 !== discard.sha256;
    if (image && !carried && (isOpen || (entry.step === 'settled' && entry.result.kind === 'failure'))) {
      rules['forgets no image on disk'] = discard?.sha256 === image.saved.sha256;
    }
    if (isOpen && isUnchanged && entry.step !== 'failing') {
      rules['goes on where it stopped'] = reached.step === entry.step && reached.generation === entry.generation;
    }
    if (isOpen) rules['keeps the ledger'] = entry.attempts.every((attempt) => reached.attempts.includes(attempt));
    if (isOpen && entry.step === 'generating') {
      const lost = entry.openCalls.filter(({ provider }) => entry.jobs[provider] === undefined);
      const told = reached.attempts.filter(({ outcome, possiblySpent }) => outcome === 'interrupted' && possiblySpent);
      rules['tells every paid call that was cut off'] = told.length === lost.length;
      if (isUnchanged) {
        rules['names the calls that were cut off'] = cutOff.length === lost.length;
        rules['counts interruptions'] =
          'interruptions' in reached && reached.interruptions === entry.interruptions + Math.min(1, lost.length);
        rules['leaves no call open'] = reached.step === 'generating' && reached.openCalls.length === 0;
      }
    }
    const ended = entry.step === 'settled' ? entry.result : isWritten ? entry.pendingWrite : undefined;
    if (ended?.kind === 'image')
      rules['makes a new image of a row that is marked again'] = reached.generation === entry.generation + 1;
    if (ended?.kind === 'failure' && ended.retryAt !== undefined && post.status === 'failed') {
      rules['counts the tries'] =
        reached.task.kind === 'generate' &&
        reached.task.retries ===
          (entry.step === 'settled'
            ? entry.retries
            : 'task' in entry && entry.task.kind === 'generate'
              ? entry.task.retries
              : 0) +
            1 &&
        reached.generation === entry.generation;
    }
  }
  return Object.entries(rules).find(([, holds]) => !holds)?.[0];
}

function findBrokenRule(candidate: Resume): string | undefined {
  let rule: string | undefined;
  fc.check(
    fc.property(anyEntry, anyRow, (entry, row) => {
      const broken = brokenRule(candidate, entry, fakePost({ id: 'a', statusName: '', ...row }));
      rule = broken ?? rule;
      return broken === undefined;
    }),
    { numRuns: 2000 },
  );
  return rule;
}

describe('resume', () => {
  it('begins a row that nobody knows', () => {
    expect(resume(undefined, fakePost({ id: 'a', prompt: 'a' }), now)).toMatchObject({
      kind: 'continue',
      entry: { step: 'claimed', generation: 0, attempts: [], task: { kind: 'generate', retries: 0 } },
    });
  });

  it('breaks no rule, whatever the journal holds and the row shows', () => {
    expect(findBrokenRule(resume)).toBeUndefined();
  });

  const mutants: Record<string, Resume> = {
    'begins anew each time': (_, post) => ({ kind: 'continue', entry: claimed(post, 0, first), cutOff: [] }),
    'takes every entry as it is': (entry, post, at) =>
      entry && entry.step !== 'settled' && entry.step !== 'failing'
        ? { kind: 'continue', entry, cutOff: [] }
        : resume(entry, post, at),
    'forgets what it may have paid for': (entry, post, at) => {
      const next = resume(entry, post, at);
      return next.kind === 'continue' ? { ...next, cutOff: [] } : next;
    },
    'keeps no ledger': (entry, post, at) => {
      const next = resume(entry, post, at);
      return next.kind === 'continue' ? { ...next, entry: { ...next.entry, attempts: [] } } : next;
    },
    'leaves images of edited rows on disk': (entry, post, at) => {
      const next = resume(entry, post, at);
      if (next.kind !== 'continue') return next;
      const { discard: _, ...rest } = next;
      return rest;
    },
    'throws away what it needs': (entry, post, at) => {
      const next = resume(entry, post, at);
      if (next.kind !== 'continue' || !('image' in next.entry)) return next;
      return { ...next, discard: next.entry.image.saved };
    },
    'trusts every query': (entry, post) => resume(entry, post, now + hourMs),
    'never counts a try': (entry, post, at) => {
      const next = resume(entry, post, at);
      return next.kind === 'continue' ? { ...next, entry: { ...next.entry, task: first } } : next;
    },
    'does not see that the row was written': (entry, post, at) =>
      resume(entry, entry?.step === 'settled' ? post : { ...post, imageFile: '', error: '' }, at),
    'takes an edited row for the same': (entry, post, at) => resume(entry, { ...post, prompt: 'a' }, at),
    'writes each failure once more': (entry, post, at) =>
      entry?.step === 'failing' ? { kind: 'write-failure', entry } : resume(entry, post, at),
  };
  it.each(Object.entries(mutants))('would be caught if it %s', (_, mutant) => {
    expect(findBrokenRule(mutant)).toBeDefined();
  });
});

describe('resumeHealing', () => {
  const shown = fakePost({ id: 'a', status: 'image-ready', imageFile: placeholder.path });
  const asSettled = placeholderStays(claimed(shown, 0, healing), placeholder, placeholder.healAt);

  it('begins to replace a placeholder that may be replaced', () => {
    expect(resumeHealing(asSettled, shown)).toMatchObject({
      kind: 'continue',
      placeholder,
      entry: { step: 'claimed', generation: 0, task: { kind: 'heal', placeholder } },
    });
  });

  it.each([undefined, placeholderStays(claimed(shown, 0, healing), placeholder, undefined), claimed(shown, 0, first)])(
    'leaves a row alone that shows no placeholder to be replaced',
    (entry) => {
      expect(resumeHealing(entry, shown)).toMatchObject({ kind: 'leave' });
    },
  );

  it('keeps a placeholder that was changed by hand', () => {
    const changed = { ...shown, imageFile: 'mine.png' };
    expect(resumeHealing(asSettled, changed)).toMatchObject({ kind: 'keep', placeholder });
  });

  it('goes on with the image that an interrupted run left', () => {
    const generated = imageNamed(claimed(shown, 0, healing), { image: generatedFile, attempts: [] });
    expect(resumeHealing(generated, shown)).toMatchObject({ kind: 'continue', entry: generated });
  });

  it('begins anew with an edited row, and forgets the image that was made for it before', () => {
    const generated = imageNamed(claimed(shown, 0, healing), { image: generatedFile, attempts: [] });
    expect(resumeHealing(generated, { ...shown, prompt: 'another' })).toMatchObject({
      kind: 'continue',
      entry: { step: 'claimed' },
      discard: generatedFile.saved,
    });
  });

  it('only closes the journal of a row that shows the real image already', () => {
    const { path } = generatedFile.saved;
    const generated = imageNamed(claimed(shown, 0, healing), { image: generatedFile, attempts: [] });
    const uploading = uploadBegun(generated, upload, { kind: 'image', at: 1, path });
    expect(resumeHealing(uploading, { ...shown, imageFile: path })).toMatchObject({
      kind: 'close',
      entry: { step: 'settled', result: { path } },
    });
  });

  it('heals a placeholder whose row was written just before the process ended', () => {
    const image = { ...generatedFile, provenance: { ...generatedFile.provenance, provider: 'placeholder' } };
    const generated = imageNamed(claimed(shown, 0, first), { image, attempts: [] });
    const uploading = uploadBegun(generated, upload, placeholder);
    expect(resumeHealing(uploading, shown)).toMatchObject({ kind: 'continue', placeholder });
  });
});

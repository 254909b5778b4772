import { describe, expect, it } from 'vitest';
import { reactions } from '../../src/core/reactions.ts';
import { keysOf } from '../../src/lib/records.ts';
import { failureForLog, failureMessages, fixFor, describeLockout } from '../../src/messages/failures.ts';

const now = Date.UTC(2026, 10, 21, 10);
const near = Date.UTC(2026, 10, 21, 14, 5);
const far = Date.UTC(2026, 11, 1);

describe('the table of failures', () => {
  it('has every failure there is', () => {
    expect(keysOf(failureMessages).toSorted()).toEqual([...keysOf(reactions), 'interrupted'].toSorted());
  });

  it.each(keysOf(failureMessages))('tells each reader of %s in a form that fits its place', (code) => {
    const { log, editor, page, fix } = failureMessages[code];
    for (const words of [log, editor]) expect(words).toMatch(/^[a-z][a-z, ]+$/);
    expect(page).toMatch(/^[A-Z][a-z, ]+$/);
    for (const until of [undefined, '1 Dec']) {
      expect(fix('Hugging Face', until)).toMatch(/^[A-Z](?!.*(undefined|NaN)).*\.$/);
    }
  });
});

describe('a failure', () => {
  it('names its HTTP status in the log, where there is one', () => {
    expect(failureForLog('out_of_credit', 402)).toBe('out of credit (402)');
    expect(failureForLog('interrupted')).toBe('interrupted');
  });

  it('that is remembered names its end, and says when it has come', () => {
    const lockout = { code: 'out_of_credit' as const, until: far };
    expect(describeLockout(lockout, now)).toBe('out of credit until 1 Dec');
    expect(describeLockout(lockout, far - 3_600_000)).toBe('out of credit until 1 Dec 00:00 UTC');
    expect(describeLockout(lockout, far)).toBe('out of credit, being tried again');
  });

  it.each([
    [near, 'Buy credit at Replicate, or wait until 14:05 UTC.'],
    [far, 'Buy credit at Replicate, or wait until 1 Dec.'],
    [now, 'Buy credit at Replicate.'],
    [undefined, 'Buy credit at Replicate.'],
  ])('with its end at %s is answered by what to do', (until, sentence) => {
    const dated = until === undefined ? {} : { until: new Date(until).toISOString() };
    expect(fixFor({ label: 'Replicate', outcome: 'out_of_credit', ...dated }, now)).toBe(sentence);
  });
});

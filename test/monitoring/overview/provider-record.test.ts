import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/lib/log.ts';
import { createWorkerEvents } from '../../../src/core/events.ts';
import type { Attempt } from '../../../src/core/provider.ts';
import { withAttemptLog } from '../../../src/chain/attempt.ts';
import { createBreaker } from '../../../src/chain/breaker.ts';
import { timeForCall } from '../../../src/chain/deadline.ts';
import { createMemory } from '../../../src/state/provider-memory.ts';
import { createProviderRecord } from '../../../src/monitoring/overview/provider-record.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createContext, failure, request } from '../../support/chain/rig.ts';

function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    provider: 'huggingface',
    label: 'Hugging Face',
    model: 'FLUX.1-schnell',
    startedAt: '2026-11-21T10:00:00.000Z',
    durationMs: 4500,
    outcome: 'ok',
    ...changes,
  };
}

function open() {
  const events = createWorkerEvents();
  const record = createProviderRecord(events);
  const took = (...durations: number[]) => {
    for (const durationMs of durations) events.emit('attempt', attempt({ durationMs }));
  };
  return { record, took, attempted: (changes: Partial<Attempt>) => void events.emit('attempt', attempt(changes)) };
}

/** What a breaker that remembers a lack of credit writes into the ledger. */
async function refusalOfBreaker(): Promise<Attempt> {
  const clock = createFakeClock();
  const owner = { name: 'huggingface', label: 'Hugging Face', account: 'a', model: 'm' };
  const parts = { memory: createMemory(), clock, random: () => 0.5, log: silentLog, onChange: () => undefined };
  const breaker = createBreaker({ ...owner, ...parts });
  const context = createContext({ clock });
  const end = breaker.begin(context);
  await end(failure('out_of_credit', { status: 402 }));
  expect(() => breaker.refuse(context)).toThrow('out of credit');
  const [refusal] = context.attempts;
  if (!refusal) throw new Error('the breaker recorded nothing');
  return refusal;
}

/** What the ledger holds of a call for which no time was left. */
async function refusalForWantOfTime(): Promise<Attempt> {
  const clock = createFakeClock();
  const provider = withAttemptLog(
    { name: 'huggingface', label: 'Hugging Face', generate: () => Promise.reject(new Error('called')) },
    {
      clock,
      finish: async (bytes) => bytes,
      redact: (text) => text,
      model: 'a model',
      costUsd: 0,
      refuse: (context) =>
        void timeForCall({ label: 'Hugging Face' }, context, { timeoutMs: 1000, reserveMs: 0, clock }),
    },
  );
  const context = createContext({ clock, rowMs: -1 });
  await expect(provider.generate(request, context)).rejects.toThrow(/ was not asked: /);
  const [refusal] = context.attempts;
  if (!refusal) throw new Error('the call recorded nothing');
  return refusal;
}

describe('the record of providers', () => {
  it('knows nothing of a provider that was never called', () => {
    expect(open().record.of('huggingface')).toEqual({});
  });

  it('gives the median time of images, of an even number the middle', () => {
    const { record, took } = open();
    took(9000, 1000, 2000);
    expect(record.of('huggingface')).toEqual({ medianMs: 2000 });
    took(4000);
    expect(record.of('huggingface').medianMs).toBe(3000);
  });

  it('takes the median of the last 50 images', () => {
    const { record, took } = open();
    took(...Array.from({ length: 50 }, () => 10), ...Array.from({ length: 50 }, () => 7000));
    expect(record.of('huggingface')).toEqual({ medianMs: 7000 });
  });

  it('keeps the last failure, also when later calls go well', () => {
    const { record, attempted } = open();
    attempted({ outcome: 'timeout', detail: 'no answer within 60 s' });
    attempted({ outcome: 'unavailable', detail: 'HTTP 500', startedAt: '2026-11-21T11:00:00.000Z' });
    attempted({});
    expect(record.of('huggingface')).toEqual({
      lastError: { at: '2026-11-21T11:00:00.000Z', code: 'unavailable', message: 'HTTP 500' },
      medianMs: 4500,
    });
  });

  it('keeps a failure that took no measurable time', () => {
    const { record, attempted } = open();
    attempted({ outcome: 'unreachable', durationMs: 0, detail: 'connection refused' });
    expect(record.of('huggingface').lastError?.code).toBe('unreachable');
  });

  it('keeps providers apart', () => {
    const { record, attempted } = open();
    attempted({ provider: 'stable-diffusion', durationMs: 20 });
    expect([record.of('huggingface'), record.of('stable-diffusion')]).toEqual([{}, { medianMs: 20 }]);
  });

  it('takes no refusal to call a provider for its failure', async () => {
    const { record, attempted } = open();
    const refusal = await refusalOfBreaker();
    expect(refusal.outcome).toBe('out_of_credit');
    attempted(refusal);
    attempted(await refusalForWantOfTime());
    attempted({ outcome: 'interrupted' });
    expect(record.of('huggingface')).toEqual({});
  });
});

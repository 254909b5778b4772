import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/lib/log.ts';
import type { WorkerEvents } from '../../../src/core/events.ts';
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
  const events: WorkerEvents = new EventEmitter();
  const record = createProviderRecord(events);
  const took = (...durations: number[]) => {
    for (const durationMs of durations) events.emit('attempt', attempt({ durationMs }));
  };
  return { record, took, tell: (changes: Partial<Attempt>) => void events.emit('attempt', attempt(changes)) };
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
  if (!refusal) throw new Error('the breaker told nothing');
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
  if (!refusal) throw new Error('the call told nothing');
  return refusal;
}

describe('the record of providers', () => {
  it('knows nothing of a provider that was never called', () => {
    expect(open().record.of('huggingface')).toEqual({ pictures: 0 });
  });

  it('tells the median time of pictures, of an even number the middle', () => {
    const { record, took } = open();
    took(9000, 1000, 2000);
    expect(record.of('huggingface')).toEqual({ medianMs: 2000, pictures: 3 });
    took(4000);
    expect(record.of('huggingface').medianMs).toBe(3000);
  });

  it('takes the median of the last 50 pictures, and counts all', () => {
    const { record, took } = open();
    took(...Array.from({ length: 50 }, () => 10), ...Array.from({ length: 50 }, () => 7000));
    expect(record.of('huggingface')).toEqual({ medianMs: 7000, pictures: 100 });
  });

  it('keeps the last failure, also when later calls go well', () => {
    const { record, tell } = open();
    tell({ outcome: 'timeout', detail: 'no answer within 60 s' });
    tell({ outcome: 'unavailable', detail: 'HTTP 500', startedAt: '2026-11-21T11:00:00.000Z' });
    tell({});
    expect(record.of('huggingface')).toEqual({
      lastError: { at: '2026-11-21T11:00:00.000Z', code: 'unavailable', message: 'HTTP 500' },
      medianMs: 4500,
      pictures: 1,
    });
  });

  it('keeps a failure that took no measurable time', () => {
    const { record, tell } = open();
    tell({ outcome: 'unreachable', durationMs: 0, detail: 'connection refused' });
    expect(record.of('huggingface').lastError?.code).toBe('unreachable');
  });

  it('keeps providers apart', () => {
    const { record, tell } = open();
    tell({ provider: 'stable-diffusion', durationMs: 20 });
    expect([record.of('huggingface').pictures, record.of('stable-diffusion').pictures]).toEqual([0, 1]);
  });

  it('takes no refusal to call a provider for its failure', async () => {
    const { record, tell } = open();
    const refusal = await refusalOfBreaker();
    expect(refusal.outcome).toBe('out_of_credit');
    tell(refusal);
    tell(await refusalForWantOfTime());
    tell({ outcome: 'interrupted' });
    expect(record.of('huggingface')).toEqual({ pictures: 0 });
  });
});

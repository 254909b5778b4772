import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PassState } from '../../../src/core/pass.ts';
import type { Attempt } from '../../../src/core/provider.ts';
import { metricsRoutes } from '../../../src/server/routes/metrics.ts';
import { createLines } from '../../support/chain/rig.ts';
import { fakePost } from '../../support/fake-post.ts';
import { asAnn, fakeParts, openServer, type PartsOverrides } from '../../support/server/server-rig.ts';
import { providerState } from '../../support/chain/provider-state.ts';

/** Dashboards and alarms are built on them. */
const names = [
  'alive',
  'budget_dollars',
  'build_info',
  'disk_free_bytes',
  'last_good_pass_timestamp_seconds',
  'notion_pause_seconds_total',
  'notion_pauses_total',
  'notion_requests_total',
  'oldest_waiting_seconds',
  'pass_duration_seconds',
  'passes_total',
  'paused',
  'pictures_total',
  'placeholder_share',
  'provider_attempt_duration_seconds',
  'provider_attempts_total',
  'provider_out_of_credit',
  'provider_state',
  'provider_up',
  'queue_depth',
  'queue_truncated',
  'ready',
  'rows_total',
  'spend_dollars',
];
/** A line of the text format of Prometheus 0.0.4. */
const line =
  /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{(?:\w+="(?:[^"\\]|\\[\\"n])*",?)+\})? (?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+Inf|NaN))?$/;

/** A server with nothing but its metrics. */
async function open(overrides: PartsOverrides = {}) {
  const parts = fakeParts(overrides);
  const app = Fastify();
  app.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler);
  await app.register(metricsRoutes(parts));
  onTestFinished(() => app.close());
  const scrape = async () => {
    const answer = await app.inject('/metrics');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    for (const each of answer.body.split('\n')) expect(each).toMatch(line);
    return answer.body;
  };
  /** Every sample of this name, as "values of its labels" → value. */
  const read = async (name: string) => {
    const samples = [...(await scrape()).matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))];
    return Object.fromEntries(
      samples.map(([, labels = '', value]) => [labels.replaceAll(/\w+="([^"]*)",?/g, '$1 ').trim(), Number(value)]),
    );
  };
  return { app, events: parts.events, scrape, read };
}

function pass(changes: Partial<PassState>): PassState {
  return {
    id: 'p',
    reason: 'schedule',
    scope: 'board',
    state: 'running',
    requestedAt: '2026-11-21T10:00:00.000Z',
    ...changes,
  };
}

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

const summary = { done: 1, failed: 0, skipped: 0, providers: {}, costUsd: 0, possibleUsd: 0, durationMs: 42_000 };

describe('the metrics', () => {
  it('are text that Prometheus reads, of which every name follows its conventions', async () => {
    const { scrape } = await open();
    const families = [...(await scrape()).matchAll(/^# HELP (ntf_\w+) (.*)\n# TYPE \1 (\w+)$/gm)];
    expect(families.map(([, name = '']) => name.slice('ntf_'.length)).toSorted()).toEqual(names);
    for (const [, name = '', help = '', type] of families) {
      expect(name).toMatch(/^ntf_[a-z]+(_[a-z]+)*$/);
      expect(help, name).toMatch(/^[A-Z].*[^ ]\.$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(type !== 'histogram' || name.endsWith('_seconds'), name).toBe(true);
    }
  });

  it('are for known callers only', async () => {
    const server = await openServer();
    onTestFinished(() => server.close());
    expect((await server.inject('/metrics')).statusCode).toBe(401);
    const answer = await server.inject({ url: '/metrics', headers: asAnn });
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain('ntf_build_info{');
  });

  it('begin every count at 0, and claim nothing that is not known', async () => {
    const { read } = await open({ health: { facts: () => ({ passes: {} }) } });
    const valuesOf = async (name: string) => Object.values(await read(name));
    expect(await valuesOf('ntf_passes_total')).toEqual([0, 0, 0]);
    expect(await valuesOf('ntf_rows_total')).toEqual([0, 0, 0]);
    expect(await valuesOf('ntf_notion_requests_total')).toEqual([0, 0, 0, 0, 0]);
    expect(await valuesOf('ntf_notion_pauses_total')).toEqual([0]);
    for (const name of [
      'ntf_queue_depth',
      'ntf_queue_truncated',
      'ntf_placeholder_share',
      'ntf_budget_dollars',
      'ntf_oldest_waiting_seconds',
      'ntf_last_good_pass_timestamp_seconds',
      'ntf_disk_free_bytes',
    ]) {
      expect(await valuesOf(name), name).toEqual([]);
    }
  });

  it('show the process as prom-client names it', async () => {
    const { read } = await open();
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) {
      expect(await read(name), name).toEqual({ '': expect.any(Number) });
    }
  });

  it('tell the same of the process, whichever of its servers is asked', async () => {
    const one = await open();
    for (let index = 0; index < 20; index += 1) await one.scrape();
    const before = (await one.read('process_cpu_seconds_total'))[''];
    const other = await open();
    expect((await other.read('process_cpu_seconds_total'))['']).toBeGreaterThanOrEqual(before ?? Number.NaN);
  });

  it('count passes by their result, once, and measure those that were begun', async () => {
    const { events, read } = await open();
    const times = { startedAt: '2026-11-21T10:00:00.000Z', endedAt: '2026-11-21T10:01:10.000Z' };
    events.emit('pass', pass({ state: 'queued' }));
    events.emit('pass', pass({ startedAt: times.startedAt }));
    events.emit('pass', pass({ state: 'done', ...times, summary }));
    events.emit('pass', pass({ state: 'failed', ...times, error: 'Notion could not be reached.' }));
    events.emit('pass', pass({ state: 'stopped', endedAt: times.endedAt }));
    expect(await read('ntf_passes_total')).toEqual({ done: 1, failed: 1, stopped: 1 });
    expect(await read('ntf_pass_duration_seconds_sum')).toEqual({ '': 112 });
    expect(await read('ntf_pass_duration_seconds_count')).toEqual({ '': 2 });
  });

  it('take a pass during which the clock was set back for one of no time', async () => {
    const { events, read } = await open();
    const times = { startedAt: '2026-11-21T10:00:00.000Z', endedAt: '2026-11-21T09:00:00.000Z' };
    events.emit('pass', pass({ state: 'failed', ...times }));
    events.emit('pass', pass({ state: 'failed', startedAt: 'no time', endedAt: 'at all' }));
    expect(await read('ntf_pass_duration_seconds_sum')).toEqual({ '': 0 });
  });

  it('count rows by outcome', async () => {
    const { events, read } = await open();
    const post = fakePost();
    events.emit('outcome', { kind: 'failed', post, error: 'No picture.', attempts: [] });
    events.emit('outcome', { kind: 'failed', post, error: 'No picture.', attempts: [] });
    events.emit('outcome', { kind: 'skipped', post, reason: 'moved', again: false });
    expect(await read('ntf_rows_total')).toEqual({ done: 0, failed: 2, skipped: 1 });
  });

  it('show how many rows waited at the last look, and whether there were more', async () => {
    const { events, read } = await open();
    events.emit('pendingRead', { posts: [fakePost({ id: 'a' }), fakePost({ id: 'b' })], isFirst: true, more: true });
    expect([await read('ntf_queue_depth'), await read('ntf_queue_truncated')]).toEqual([{ '': 2 }, { '': 1 }]);
    events.emit('outcome', { kind: 'skipped', post: fakePost({ id: 'b' }), reason: 'edited', again: true });
    events.emit('outcome', { kind: 'failed', post: fakePost({ id: 'a' }), error: 'No.', attempts: [] });
    expect(await read('ntf_queue_depth')).toEqual({ '': 1 });
    events.emit('pendingRead', { posts: [], isFirst: true, more: false });
    expect([await read('ntf_queue_depth'), await read('ntf_queue_truncated')]).toEqual([{ '': 0 }, { '': 0 }]);
  });

  it('count calls by provider and outcome, and measure only real ones', async () => {
    const { events, read } = await open();
    events.emit('attempt', attempt());
    events.emit('attempt', attempt({ outcome: 'timeout', durationMs: 60_000 }));
    events.emit('attempt', attempt({ outcome: 'out_of_credit', durationMs: 500, detail: 'HTTP 402' }));
    events.emit('attempt', attempt({ outcome: 'out_of_credit', durationMs: 0, notAsked: true }));
    events.emit('attempt', attempt({ outcome: 'over_budget', durationMs: 1, notAsked: true }));
    events.emit('attempt', attempt({ outcome: 'interrupted', durationMs: 0 }));
    const counts = await read('ntf_provider_attempts_total');
    expect(Object.entries(counts).filter(([, count]) => count > 0)).toEqual([
      ['huggingface ok', 1],
      ['huggingface interrupted', 1],
      ['huggingface out_of_credit', 1],
      ['huggingface timeout', 1],
      ['huggingface over_budget', 1],
      ['huggingface circuit_open', 1],
    ]);
    const buckets = Object.keys(await read('ntf_provider_attempt_duration_seconds_bucket'));
    const own = buckets.filter((labels) => labels.includes('huggingface'));
    expect([own.at(0), own.at(-2), own.at(-1)]).toEqual(['0.1 huggingface', '300 huggingface', '+Inf huggingface']);
    expect(await read('ntf_provider_attempt_duration_seconds_count')).toMatchObject({ huggingface: 3 });
    expect(await read('ntf_provider_attempt_duration_seconds_sum')).toMatchObject({ huggingface: 65 });
  });

  it('show no provider that the product does not know', async () => {
    const foreign = providerState('x"\n', 'X');
    const { app, events } = await open({ chain: { state: () => [foreign] } });
    events.emit('attempt', attempt({ provider: foreign.name }));
    expect((await app.inject('/metrics')).body).not.toContain('provider="x');
  });

  it('count pictures by provider, and tell the share of cards among them', async () => {
    const { events, read } = await open();
    for (const provider of ['huggingface', 'huggingface', 'stable-diffusion', 'placeholder']) {
      events.emit('attempt', attempt({ provider }));
    }
    events.emit('attempt', attempt({ provider: 'placeholder', outcome: 'bad_image' }));
    expect(await read('ntf_pictures_total')).toEqual({ huggingface: 2, 'stable-diffusion': 1, placeholder: 1 });
    expect(await read('ntf_placeholder_share')).toEqual({ '': 0.25 });
  });

  it('show how each provider stands', async () => {
    const { read } = await open({
      chain: {
        state: () => [
          providerState('huggingface', 'Hugging Face', { code: 'out_of_credit' }),
          providerState('placeholder', 'Free API Placeholder'),
        ],
      },
    });
    expect(await read('ntf_provider_up')).toEqual({ huggingface: 0, placeholder: 1 });
    expect(await read('ntf_provider_out_of_credit')).toEqual({ huggingface: 1, placeholder: 0 });
    expect(await read('ntf_provider_state')).toEqual({
      'huggingface closed': 0,
      'huggingface open': 1,
      'huggingface half-open': 0,
      'placeholder closed': 1,
      'placeholder open': 0,
      'placeholder half-open': 0,
    });
  });

  it('count the answers of Notion by class, and the pauses that it asked for', async () => {
    const { events, read } = await open();
    for (const status of [200, 200, 304, 404, 429, 529, 0, Number.NaN, 99_999]) events.emit('notionAnswered', status);
    events.emit('notionPaused', 1500);
    events.emit('notionPaused', Number.POSITIVE_INFINITY);
    events.emit('notionPaused', -1);
    expect(await read('ntf_notion_requests_total')).toEqual({
      '2xx': 2,
      '3xx': 1,
      '4xx': 1,
      '429': 1,
      '5xx': 1,
      none: 3,
    });
    expect(await read('ntf_notion_pauses_total')).toEqual({ '': 3 });
    expect(await read('ntf_notion_pause_seconds_total')).toEqual({ '': 1.5 });
  });

  it('show money, health and version as they stand at the moment', async () => {
    let since: string | undefined;
    const { read } = await open({
      version: '1.2.3',
      passes: { pausedSince: () => since },
      budget: {
        state: async () => ({ month: '2026-11', capUsd: 20, spentUsd: 1.5, possibleUsd: 0.003, openUsd: 0.25 }),
      },
      health: {
        liveness: () => ({ ok: true, reason: '' }),
        readiness: () => ({ ok: false, reason: '' }),
        facts: () => ({
          passes: { lastGoodAt: '2026-11-21T10:00:00.000Z' },
          oldestWaitingMs: 90_500,
          freeDiskBytes: 1024,
        }),
      },
    });
    expect(await read('ntf_spend_dollars')).toEqual({ spent: 1.5, possible: 0.003, open: 0.25 });
    expect(await read('ntf_budget_dollars')).toEqual({ '': 20 });
    expect([await read('ntf_alive'), await read('ntf_ready')]).toEqual([{ '': 1 }, { '': 0 }]);
    expect(await read('ntf_last_good_pass_timestamp_seconds')).toEqual({ '': Date.UTC(2026, 10, 21, 10) / 1000 });
    expect(await read('ntf_oldest_waiting_seconds')).toEqual({ '': 90.5 });
    expect(await read('ntf_disk_free_bytes')).toEqual({ '': 1024 });
    expect(await read('ntf_build_info')).toEqual({ '1.2.3': 1 });
    expect(await read('ntf_paused')).toEqual({ '': 0 });
    since = '2026-11-21T10:00:00.000Z';
    expect(await read('ntf_paused')).toEqual({ '': 1 });
  });

  it('leave out what cannot be told, now and then, and show the rest', async () => {
    let isBroken = false;
    const log = createLines();
    const budget = {
      async state() {
        if (isBroken) throw new Error('the disk is gone');
        return { month: '2026-11', capUsd: 20, spentUsd: 1, possibleUsd: 0, openUsd: 0 };
      },
    };
    const facts = () => ({ passes: { lastGoodAt: 'no time' } });
    const { read } = await open({ budget, log, health: { facts } });
    expect([await read('ntf_budget_dollars'), await read('ntf_last_good_pass_timestamp_seconds')]).toEqual([
      { '': 20 },
      {},
    ]);
    isBroken = true;
    expect([await read('ntf_spend_dollars'), await read('ntf_budget_dollars')]).toEqual([{}, {}]);
    expect(await read('ntf_ready')).toEqual({ '': 1 });
    expect(new Set(log.lines)).toEqual(new Set(['debug A metric could not be read']));
  });

  it('are each server’s own, and leave the worker’s events alone once it is closed', async () => {
    const one = await open();
    const other = await open();
    one.events.emit('attempt', attempt());
    expect((await one.read('ntf_pictures_total'))['huggingface']).toBe(1);
    expect((await other.read('ntf_pictures_total'))['huggingface']).toBe(0);
    expect(one.events.eventNames().length).toBeGreaterThan(0);
    await one.app.close();
    expect(one.events.eventNames()).toEqual([]);
    expect(await other.read('process_cpu_seconds_total')).toEqual({ '': expect.any(Number) });
  });

  it('are the same to all who ask at once', async () => {
    const { events, read } = await open();
    events.emit('attempt', attempt());
    const answers = await Promise.all(Array.from({ length: 20 }, () => read('ntf_spend_dollars')));
    expect(answers).toEqual(Array.from({ length: 20 }, () => ({ spent: 0, possible: 0, open: 0 })));
  });
});

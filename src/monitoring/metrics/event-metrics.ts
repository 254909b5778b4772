import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { listen, type Listeners, type WorkerEvents } from '../../core/events.ts';
import type { Attempt } from '../../core/provider.ts';
import { reactions } from '../../core/reactions.ts';
import { keysOf } from '../../lib/records.ts';
import type { WorkerSources } from '../sources.ts';

type Providers = WorkerSources['providers'];

const placeholderName = 'placeholder';
const attemptOutcomes = ['ok', 'interrupted', ...keysOf(reactions)] as const satisfies Attempt['outcome'][];
const passSeconds = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
const callSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 90, 120, 180, 300];

/** Counts what happens in the worker, until the function it answers with is called. */
export function countEvents(
  { events, providers }: { events: WorkerEvents; providers: Providers },
  registry: Registry,
): () => void {
  const metrics = createMetrics(registry);
  const groups = [countPasses, countRows, measureQueue, countAttempts, countNotion];
  const ends = groups.map((listenersOf) => listen(events, listenersOf(metrics, providers)));
  return () => {
    for (const end of ends) end();
  };
}

type Metrics = ReturnType<typeof createMetrics>;

/** Makes metrics of a registry. */
function createMetrics(registry: Registry) {
  const registers = [registry];
  return {
    counter: (name: string, help: string, ...labelNames: string[]) =>
      new Counter({ name, help, labelNames, registers }),
    histogram: (name: string, help: string, buckets: number[], ...labelNames: string[]) =>
      new Histogram({ name, help, buckets, labelNames, registers }),
    /** A gauge begins with 0, which would be a claim: it is absent until it is set. */
    gauge: (name: string, help: string) => {
      const gauge = new Gauge({ name, help, registers });
      gauge.remove();
      return gauge;
    },
  };
}

function countPasses({ counter, histogram }: Metrics): Listeners {
  const ended = ['done', 'failed', 'stopped'] as const;
  const passes = counter('ntf_passes_total', 'Passes over the board that came to an end, by result.', 'result');
  const durationHelp = 'How long passes over the board took, from their start to their end.';
  const duration = histogram('ntf_pass_duration_seconds', durationHelp, passSeconds);
  for (const result of ended) passes.inc({ result }, 0);
  return {
    pass({ state, startedAt, endedAt, summary }) {
      const result = ended.find((end) => end === state);
      if (!result) return;
      passes.inc({ result });
      if (startedAt === undefined || endedAt === undefined) return;
      duration.observe(seconds(summary?.durationMs ?? Date.parse(endedAt) - Date.parse(startedAt)));
    },
  };
}

function countRows({ counter }: Metrics): Listeners {
  const rows = counter('ntf_rows_total', 'Rows that were served, by what became of them.', 'outcome');
  for (const outcome of ['done', 'failed', 'skipped'] as const) rows.inc({ outcome }, 0);
  return { outcome: ({ kind }) => rows.inc({ outcome: kind }) };
}

function measureQueue({ gauge }: Metrics): Listeners {
  let waiting = new Set<string>();
  const depthHelp =
    'Rows that waited or were being served at the last look at the board, without those that were told since.';
  const depth = gauge('ntf_queue_depth', depthHelp);
  const truncated = gauge('ntf_queue_truncated', 'Whether more rows waited than the last look at the board showed.');
  return {
    pendingRead({ posts, isFirst, more }) {
      if (!isFirst) return;
      waiting = new Set(posts.map(({ id }) => id));
      depth.set(waiting.size);
      truncated.set(more ? 1 : 0);
    },
    outcome(outcome) {
      if (outcome.kind === 'skipped' && outcome.again) return;
      if (waiting.delete(outcome.post.id)) depth.set(waiting.size);
    },
  };
}

function countAttempts({ counter, histogram, gauge }: Metrics, providers: Providers): Listeners {
  const attemptsHelp = 'Calls of a provider by outcome, and refusals to call it (circuit_open, over_budget).';
  const attempts = counter('ntf_provider_attempts_total', attemptsHelp, 'provider', 'outcome');
  const durationHelp = 'How long calls of a provider took, whatever became of them.';
  const duration = histogram('ntf_provider_attempt_duration_seconds', durationHelp, callSeconds, 'provider');
  const images = counter('ntf_pictures_total', 'Pictures made, by provider.', 'provider');
  const shareHelp = 'The share of drawn cards among the pictures made by this process, from 0 to 1.';
  const share = gauge('ntf_placeholder_share', shareHelp);
  const names = new Set(providers.map(({ name }) => name));
  const made = { placeholders: 0, all: 0 };

  for (const { name: provider, configured } of providers) {
    if (!configured) continue;
    for (const outcome of attemptOutcomes) attempts.inc({ provider, outcome }, 0);
    duration.zero({ provider });
    images.inc({ provider }, 0);
  }

  return {
    attempt(attempt) {
      const { provider } = attempt;
      if (!names.has(provider)) return;
      attempts.inc({ provider, outcome: outcomeOf(attempt) });
      if (!attempt.notAsked && attempt.outcome !== 'interrupted') {
        duration.observe({ provider }, seconds(attempt.durationMs));
      }
      if (attempt.outcome !== 'ok') return;
      images.inc({ provider });
      made.all += 1;
      if (provider === placeholderName) made.placeholders += 1;
      share.set(made.placeholders / made.all);
    },
  };
}

/** A refusal to ask has the code of the lockout in the ledger; counted so, it would be one failure for every row. */
function outcomeOf({ outcome, notAsked }: Attempt): Attempt['outcome'] {
  return notAsked && outcome !== 'over_budget' ? 'circuit_open' : outcome;
}

function countNotion({ counter }: Metrics): Listeners {
  const requestsHelp = 'Requests to Notion by class of the answer; none when no answer came.';
  const requests = counter('ntf_notion_requests_total', requestsHelp, 'status');
  const pauses = counter('ntf_notion_pauses_total', 'Pauses that Notion asked for.');
  const paused = counter('ntf_notion_pause_seconds_total', 'How long the pauses were that Notion asked for.');
  for (const status of ['2xx', '4xx', '429', '5xx', 'none']) requests.inc({ status }, 0);
  return {
    notionAnswered: (status) => requests.inc({ status: statusClass(status) }),
    notionPaused(ms) {
      pauses.inc();
      paused.inc(seconds(ms));
    },
  };
}

function statusClass(status: number): string {
  if (status === 429) return '429';
  return status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'none';
}

/** Never what a metric would not take: wall-clock times may give less than nothing, and no number at all. */
function seconds(ms: number): number {
  return ms > 0 && Number.isFinite(ms) ? ms / 1000 : 0;
}

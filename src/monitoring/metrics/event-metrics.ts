import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { reactions } from '../../core/reactions.ts';
import { listen, type Listener } from '../../core/events.ts';
import type { Attempt } from '../../core/provider.ts';
import { keysOf } from '../../lib/records.ts';
import type { WorkerEvents } from '../../core/events.ts';
import type { WorkerSources } from '../sources.ts';

const cardName = 'placeholder';
const attemptOutcomes = ['ok', 'interrupted', ...keysOf(reactions)] as const satisfies Attempt['outcome'][];
const passSeconds = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
const callSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 90, 120, 180, 300];

/** Counts what happens in the worker, until the function it answers with is called. */
export function countEvents(
  { events, providers }: { events: WorkerEvents } & Pick<WorkerSources, 'providers'>,
  registry: Registry,
): () => void {
  const registers = [registry];
  const queue = measureQueue(registers);
  const ends = [
    listen(events, 'pass', countPasses(registers)),
    listen(events, 'outcome', countRows(registers)),
    listen(events, 'outcome', queue.onOutcome),
    listen(events, 'pendingRead', queue.onPendingRead),
    listen(events, 'attempt', countAttempts(registers, providers)),
    listen(events, 'notionAnswered', countAnswers(registers)),
    listen(events, 'notionPaused', countPauses(registers)),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function countPasses(registers: Registry[]): Listener<'pass'> {
  const ended = ['done', 'failed', 'stopped'] as const;
  const passes = new Counter({
    name: 'ntf_passes_total',
    help: 'Passes over the board that came to an end, by result.',
    labelNames: ['result'],
    registers,
  });
  const duration = new Histogram({
    name: 'ntf_pass_duration_seconds',
    help: 'How long passes over the board took, from their start to their end.',
    buckets: passSeconds,
    registers,
  });
  for (const result of ended) passes.inc({ result }, 0);
  return ({ state, startedAt, endedAt, summary }) => {
    const result = ended.find((end) => end === state);
    if (!result) return;
    passes.inc({ result });
    if (startedAt === undefined || endedAt === undefined) return;
    duration.observe(seconds(summary?.durationMs ?? Date.parse(endedAt) - Date.parse(startedAt)));
  };
}

function countRows(registers: Registry[]): Listener<'outcome'> {
  const rows = new Counter({
    name: 'ntf_rows_total',
    help: 'Rows that were served, by what became of them.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['done', 'failed', 'skipped'] as const) rows.inc({ outcome }, 0);
  return ({ kind }) => rows.inc({ outcome: kind });
}

function measureQueue(registers: Registry[]): {
  onPendingRead: Listener<'pendingRead'>;
  onOutcome: Listener<'outcome'>;
} {
  let waiting = new Set<string>();
  const depth = unset(
    new Gauge({
      name: 'ntf_queue_depth',
      help: 'Rows that waited or were being served at the last look at the board, without those that were told since.',
      registers,
    }),
  );
  const truncated = unset(
    new Gauge({
      name: 'ntf_queue_truncated',
      help: 'Whether more rows waited than the last look at the board showed.',
      registers,
    }),
  );
  return {
    onPendingRead({ posts, isFirst, more }) {
      if (!isFirst) return;
      waiting = new Set(posts.map(({ id }) => id));
      depth.set(waiting.size);
      truncated.set(more ? 1 : 0);
    },
    onOutcome(outcome) {
      if (outcome.kind === 'skipped' && outcome.again) return;
      if (waiting.delete(outcome.post.id)) depth.set(waiting.size);
    },
  };
}

function countAttempts(registers: Registry[], providers: WorkerSources['providers']): Listener<'attempt'> {
  const attempts = new Counter({
    name: 'ntf_provider_attempts_total',
    help: 'Calls of a provider by outcome, and refusals to call it (circuit_open, over_budget).',
    labelNames: ['provider', 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'ntf_provider_attempt_duration_seconds',
    help: 'How long calls of a provider took, whatever became of them.',
    labelNames: ['provider'],
    buckets: callSeconds,
    registers,
  });
  const pictures = new Counter({
    name: 'ntf_pictures_total',
    help: 'Pictures made, by provider.',
    labelNames: ['provider'],
    registers,
  });
  const share = unset(
    new Gauge({
      name: 'ntf_placeholder_share',
      help: 'The share of drawn cards among the pictures made by this process, from 0 to 1.',
      registers,
    }),
  );
  const names = new Set(providers.map(({ name }) => name));
  const made = { cards: 0, all: 0 };

  for (const { name: provider, configured } of providers) {
    if (!configured) continue;
    for (const outcome of attemptOutcomes) attempts.inc({ provider, outcome }, 0);
    duration.zero({ provider });
    pictures.inc({ provider }, 0);
  }

  return (attempt) => {
    const { provider } = attempt;
    if (!names.has(provider)) return;
    attempts.inc({ provider, outcome: outcomeOf(attempt) });
    if (!attempt.notAsked && attempt.outcome !== 'interrupted') {
      duration.observe({ provider }, seconds(attempt.durationMs));
    }
    if (attempt.outcome !== 'ok') return;
    pictures.inc({ provider });
    made.all += 1;
    if (provider === cardName) made.cards += 1;
    share.set(made.cards / made.all);
  };
}

/** A refusal to ask stands in the ledger under the trouble that is remembered, which would count one failure for every row. */
function outcomeOf({ outcome, notAsked }: Attempt): Attempt['outcome'] {
  return notAsked && outcome !== 'over_budget' ? 'circuit_open' : outcome;
}

function countAnswers(registers: Registry[]): Listener<'notionAnswered'> {
  const requests = new Counter({
    name: 'ntf_notion_requests_total',
    help: 'Requests to Notion by class of the answer; none when no answer came.',
    labelNames: ['status'],
    registers,
  });
  for (const status of ['2xx', '4xx', '429', '5xx', 'none']) requests.inc({ status }, 0);
  return (status) => requests.inc({ status: statusClass(status) });
}

function countPauses(registers: Registry[]): Listener<'notionPaused'> {
  const pauses = new Counter({ name: 'ntf_notion_pauses_total', help: 'Pauses that Notion asked for.', registers });
  const paused = new Counter({
    name: 'ntf_notion_pause_seconds_total',
    help: 'How long the pauses were that Notion asked for.',
    registers,
  });
  return (ms) => {
    pauses.inc();
    paused.inc(seconds(ms));
  };
}

function statusClass(status: number): string {
  if (status === 429) return '429';
  return status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'none';
}

/** Takes away the 0 that a gauge begins with, where 0 would be a claim. */
function unset(gauge: Gauge): Gauge {
  gauge.remove();
  return gauge;
}

/** Never what a metric would not take: wall-clock times may give less than nothing, and no number at all. */
function seconds(ms: number): number {
  return ms > 0 && Number.isFinite(ms) ? ms / 1000 : 0;
}

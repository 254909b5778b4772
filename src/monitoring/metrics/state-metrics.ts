import { Gauge, type Registry } from 'prom-client';
import type { ProviderState } from '../health/facts.ts';
import type { WorkerSources } from '../sources.ts';

interface Reading {
  labels?: Record<string, string>;
  value: number;
}

interface StateGauge {
  name: string;
  help: string;
  labelNames?: string[];
  read: () => readonly Reading[] | Promise<readonly Reading[]>;
}

const breakerKinds: readonly ProviderState['breaker']['kind'][] = ['closed', 'open', 'half-open'];

/** Shows how things stand whenever the metrics are asked for; what cannot be told is left out. */
export function showState(parts: WorkerSources, registry: Registry): void {
  for (const { name, help, labelNames = [], read } of stateGauges(parts)) {
    const gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [],
      async collect() {
        const readings = await readOrNothing(name, read, parts);
        this.reset();
        // A gauge without labels is reset to 0, which would be a claim.
        if (labelNames.length === 0) this.remove();
        for (const { labels = {}, value } of readings) if (Number.isFinite(value)) this.set(labels, value);
      },
    });
    registry.registerMetric(gauge);
  }
}

async function readOrNothing(name: string, read: StateGauge['read'], { log }: WorkerSources) {
  try {
    return await read();
  } catch (error) {
    log.debug({ err: error, metric: name }, 'A metric could not be read');
    return [];
  }
}

function stateGauges(parts: WorkerSources): StateGauge[] {
  return [...providerGauges(parts), ...moneyGauges(parts), ...workerGauges(parts)];
}

function providerGauges({ chain, providers }: WorkerSources): StateGauge[] {
  const names = new Set(providers.map(({ name }) => name));
  const states = () => chain.state().filter(({ name }) => names.has(name));
  return [
    {
      name: 'ntf_provider_up',
      help: 'Whether the provider would be asked now.',
      labelNames: ['provider'],
      read: () => states().map(({ name, admits }) => ({ labels: { provider: name }, value: Number(admits) })),
    },
    {
      name: 'ntf_provider_state',
      help: 'The state of the provider’s circuit breaker: 1 for the one it is in.',
      labelNames: ['provider', 'state'],
      read: () =>
        states().flatMap(({ name, breaker }) =>
          breakerKinds.map((state) => ({ labels: { provider: name, state }, value: Number(breaker.kind === state) })),
        ),
    },
    {
      name: 'ntf_provider_out_of_credit',
      help: 'Whether the provider is left out because its credit is used up.',
      labelNames: ['provider'],
      read: () =>
        states().map(({ name, breaker }) => {
          const isOut = breaker.kind !== 'closed' && breaker.lockout.code === 'out_of_credit';
          return { labels: { provider: name }, value: Number(isOut) };
        }),
    },
  ];
}

function moneyGauges({ budget }: WorkerSources): StateGauge[] {
  return [
    {
      name: 'ntf_spend_dollars',
      help: 'US dollars of this UTC month: spent, possibly spent, set aside for calls under way.',
      labelNames: ['kind'],
      async read() {
        const { spentUsd, possibleUsd, openUsd } = await budget.state();
        return [
          { labels: { kind: 'spent' }, value: spentUsd },
          { labels: { kind: 'possible' }, value: possibleUsd },
          { labels: { kind: 'open' }, value: openUsd },
        ];
      },
    },
    {
      name: 'ntf_budget_dollars',
      help: 'The cap for one month in US dollars; absent without one.',
      read: async () => only((await budget.state()).capUsd),
    },
  ];
}

function workerGauges({ passes, health, version }: WorkerSources): StateGauge[] {
  return [
    flag('ntf_paused', 'Whether passes are paused.', () => passes.pausedSince() !== undefined),
    flag('ntf_ready', 'Whether the worker is ready, as /readyz tells it.', () => health.readiness().ok),
    flag('ntf_alive', 'Whether the worker’s loop is alive.', () => health.liveness().ok),
    {
      name: 'ntf_last_good_pass_timestamp_seconds',
      help: 'Unix time of the last good pass over the board; absent before the first.',
      read() {
        const { lastGoodAt } = health.facts().passes;
        return only(lastGoodAt === undefined ? undefined : Date.parse(lastGoodAt) / 1000);
      },
    },
    {
      name: 'ntf_oldest_waiting_seconds',
      help: 'For how long the row has waited that waits longest; absent when none is known to wait.',
      read() {
        const { oldestWaitingMs } = health.facts();
        return only(oldestWaitingMs === undefined ? undefined : oldestWaitingMs / 1000);
      },
    },
    {
      name: 'ntf_disk_free_bytes',
      help: 'Free bytes on the disk of the images folder, as last looked at.',
      read: () => only(health.facts().freeDiskBytes),
    },
    {
      name: 'ntf_build_info',
      help: 'The version that runs; always 1.',
      labelNames: ['version'],
      read: () => [{ labels: { version }, value: 1 }],
    },
  ];
}

function flag(name: string, help: string, read: () => boolean): StateGauge {
  return { name, help, read: () => [{ value: Number(read()) }] };
}

function only(value: number | undefined): Reading[] {
  return value === undefined ? [] : [{ value }];
}

import { Gauge, type Registry } from 'prom-client';
import type { ProviderState } from '../../chain/chain.ts';
import type { WorkerSources } from '../sources.ts';

interface Reading {
  labels?: Record<string, string>;
  /** Left out where it is not known. */
  value: number | undefined;
}

type Read = () => readonly Reading[] | Promise<readonly Reading[]>;

/** Adds a gauge that is read whenever the metrics are asked for. */
type AddGauge = (name: string, help: string, labelNames: string[], read: Read) => void;

const breakerKinds: readonly ProviderState['breaker']['kind'][] = ['closed', 'open', 'half-open'];

/** Shows in the metrics how the worker, its providers and its money are now; what cannot be read is left out. */
export function showState(sources: WorkerSources, registry: Registry): void {
  const readOrNothing = async (metric: string, read: Read) => {
    try {
      return await read();
    } catch (error) {
      sources.log.debug({ err: error, metric }, 'A metric could not be read');
      return [];
    }
  };
  const add: AddGauge = (name, help, labelNames, read) => {
    const gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [],
      async collect() {
        const readings = await readOrNothing(name, read);
        this.reset();
        // A gauge without labels is reset to 0, which would be a claim.
        if (labelNames.length === 0) this.remove();
        for (const { labels = {}, value } of readings) {
          if (value !== undefined && Number.isFinite(value)) this.set(labels, value);
        }
      },
    });
    registry.registerMetric(gauge);
  };
  showProviders(sources, add);
  showMoney(sources, add);
  showWorker(sources, add);
}

function showProviders({ chain, providers }: WorkerSources, add: AddGauge): void {
  const names = new Set(providers.map(({ name }) => name));
  const states = () => chain.state().filter(({ name }) => names.has(name));
  add('ntf_provider_up', 'Whether the provider would be asked now.', ['provider'], () =>
    states().map(({ name, admits }) => ({ labels: { provider: name }, value: Number(admits) })),
  );
  const stateHelp = 'The state of the provider’s circuit breaker: 1 for the one it is in.';
  add('ntf_provider_state', stateHelp, ['provider', 'state'], () =>
    states().flatMap(({ name, breaker }) =>
      breakerKinds.map((state) => ({ labels: { provider: name, state }, value: Number(breaker.kind === state) })),
    ),
  );
  const creditHelp = 'Whether the provider is left out because its credit is used up.';
  add('ntf_provider_out_of_credit', creditHelp, ['provider'], () =>
    states().map(({ name, breaker }) => {
      const isOut = breaker.kind !== 'closed' && breaker.lockout.code === 'out_of_credit';
      return { labels: { provider: name }, value: Number(isOut) };
    }),
  );
}

function showMoney({ budget }: WorkerSources, add: AddGauge): void {
  const spendHelp = 'US dollars of this UTC month: spent, possibly spent, set aside for calls under way.';
  add('ntf_spend_dollars', spendHelp, ['kind'], async () => {
    const { spentUsd, possibleUsd, openUsd } = await budget.state();
    return [
      { labels: { kind: 'spent' }, value: spentUsd },
      { labels: { kind: 'possible' }, value: possibleUsd },
      { labels: { kind: 'open' }, value: openUsd },
    ];
  });
  add('ntf_budget_dollars', 'The cap for one month in US dollars; absent without one.', [], async () => [
    { value: (await budget.state()).capUsd },
  ]);
}

function showWorker({ passes, health, version }: WorkerSources, add: AddGauge): void {
  const addValue = (name: string, help: string, read: () => number | boolean | undefined) =>
    add(name, help, [], () => {
      const value = read();
      return [{ value: typeof value === 'boolean' ? Number(value) : value }];
    });
  addValue('ntf_paused', 'Whether passes are paused.', () => passes.pausedSince() !== undefined);
  addValue('ntf_ready', 'Whether the worker is ready, as /readyz tells it.', () => health.readiness().ok);
  addValue('ntf_alive', 'Whether the worker’s loop is alive.', () => health.liveness().ok);
  const goodPassHelp = 'Unix time of the last good pass over the board; absent before the first.';
  const goodPassAt = () => Date.parse(health.facts().passes.lastGoodAt ?? '') / 1000;
  addValue('ntf_last_good_pass_timestamp_seconds', goodPassHelp, goodPassAt);
  const oldestHelp = 'For how long the row has waited that waits longest; absent when none is known to wait.';
  addValue('ntf_oldest_waiting_seconds', oldestHelp, () => (health.facts().oldestWaitingMs ?? Number.NaN) / 1000);
  const diskHelp = 'Free bytes on the disk of the images folder, as last looked at.';
  addValue('ntf_disk_free_bytes', diskHelp, () => health.facts().freeDiskBytes);
  add('ntf_build_info', 'The version that runs; always 1.', ['version'], () => [{ labels: { version }, value: 1 }]);
}

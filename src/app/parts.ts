import { statfs } from 'node:fs/promises';
import { type Clock, type Random, systemClock, systemRandom } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { WorkerEvents } from '../core/events.ts';
import { createRedact } from '../lib/redact.ts';
import type { BoardlessConfig, Config } from '../config/config.ts';
import { createHealth, type Health } from '../monitoring/health/health.ts';
import { drawPlaceholder } from '../drawing/placeholder.ts';
import { writeAtomic } from '../state/files.ts';
import { inspectAndRender } from '../images/render.ts';
import { createSpendFiles } from '../state/spend-ledger.ts';
import { stateFile } from '../state/state-file.ts';
import { statePaths } from '../state/paths.ts';
import { createNotionClient, type NotionClient, type NotionClientOptions } from '../notion/client/client.ts';
import { isTokenRefused } from '../notion/client/problem.ts';
import type { WorkspaceSettings } from '../notion/settings.ts';
import { type Budget, openBudget } from '../chain/budget.ts';
import { type Chain, createChain } from '../chain/chain.ts';
import { openMemory } from '../state/provider-memory.ts';

/** What the product is given from outside. */
export interface Runtime {
  log: Log;
  /** Ends everything: the shutdown. */
  signal: AbortSignal;
  clock?: Clock;
  random?: Random;
  /** The window of Notion's rate limit, in ms; only an emulator has another than a minute. */
  notionWindowMs?: number;
  /** Where the worker's events are emitted, for listeners outside. */
  events?: WorkerEvents;
}

/** The chain as the settings want it, with what is remembered of its providers. */
export async function openChain(
  config: BoardlessConfig,
  parts: { log: Log; clock: Clock; random: Random; budget: Budget; shared?: boolean },
): Promise<Chain> {
  const { log, clock, random, budget, shared = false } = parts;
  const file = stateFile(statePaths(config.imagesDir).providers);
  const providers = config.providers.map(({ create, ...settings }) => {
    return { ...settings, provider: create({ clock, random, draw: drawPlaceholder }) };
  });
  return createChain(providers, {
    clock,
    random,
    log,
    redact: createRedact(config.secrets),
    rowTimeoutMs: config.rowTimeoutMs,
    // Another worker on the folder keeps its own.
    memory: await openMemory(shared ? { ...file, save: async () => undefined } : file, log),
    finish: inspectAndRender,
    budget,
  });
}

/** The month's money, which all processes on the folder share. */
export async function openMonthlyBudget(
  { monthlyBudgetUsd: capUsd, imagesDir, providers }: BoardlessConfig,
  { log, clock }: { log: Log; clock: Clock },
): Promise<Budget> {
  const pricesUsd = providers.map(({ costUsd }) => costUsd);
  return openBudget({ capUsd, pricesUsd, files: createSpendFiles(imagesDir), clock, log });
}

/** Who watches over the worker, and tells others. */
export async function openHealth(
  config: Config,
  chain: Chain,
  { events, log, clock }: { events: WorkerEvents; log: Log; clock: Clock },
): Promise<Health> {
  const { imagesDir: folder, heartbeatUrl, alertWebhookUrl, rowTimeoutMs } = config;
  const { heartbeat, alerts } = statePaths(folder);
  return createHealth({
    events,
    clock,
    log,
    redact: createRedact(config.secrets),
    heartbeatUrl,
    alertWebhookUrl,
    folder,
    rowTimeoutMs,
    alertFile: stateFile(alerts),
    saveHeartbeat: (text) => writeAtomic(heartbeat, text),
    statfs,
    providers: () => chain.state(),
    isTokenRefused,
  });
}

/** The one client of Notion, which gives up after `outageMs` without an answer. */
export function createNotion(
  { notion }: { notion: WorkspaceSettings },
  runtime: Runtime,
  options: Pick<NotionClientOptions, 'outageMs' | 'watch'> = {},
): NotionClient {
  const { log, signal, clock = systemClock, random = systemRandom, notionWindowMs } = runtime;
  const { token, apiUrl, requestsPerMinute } = notion;
  return createNotionClient({
    token,
    apiUrl,
    requestsPerMinute,
    clock,
    random,
    log,
    signal,
    ...(notionWindowMs !== undefined && { windowMs: notionWindowMs }),
    ...options,
  });
}

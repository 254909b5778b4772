import { setMaxListeners } from 'node:events';
import type { WorkerEvents } from '../../core/events.ts';
import type { PassState } from '../../core/pass.ts';
import type { Clock } from '../../lib/clock.ts';
import { isoTime } from '../../lib/dates.ts';
import { withDeadline } from '../../lib/deadline.ts';
import { errorText } from '../../lib/text.ts';
import type { Log } from '../../lib/log.ts';
import type { Redact } from '../../lib/redact.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { createDiskWatch, type DiskWatchOptions } from './disk.ts';
import { type HealthFacts, providerFact, type ProviderState, type Verdict } from './facts.ts';
import { beatMs, createHeartbeatFile } from './heartbeat-file.ts';
import { createHeartbeatPing } from './heartbeat-ping.ts';
import { type KeptFile, openKept } from '../alerts/state.ts';
import { createPassRecord } from './passes.ts';
import { createProviderAlerts } from '../alerts/provider-alerts.ts';
import { msToThirdRun } from './schedule.ts';
import { createWaitingRows } from './waiting.ts';
import { createWebhook } from '../alerts/webhook.ts';
import { type AlertKind, type AlertMessage, alertMessages } from '../../messages/alerts.ts';
import { verdictMessages } from '../../messages/health.ts';

/** How well the worker is, as its events show it. Nothing here waits, and nothing fails whoever emits them. */
export interface Health {
  facts(): HealthFacts;
  /** What the operator has to mend, each in a few sentences. */
  alerts(): string[];
  /** Would a restart help? It does not depend on the board. */
  liveness(): Verdict;
  /** Can it do its work? */
  readiness(): Verdict;
  /** Writes the heartbeat twice a minute from now on, and expects passes by the schedule. */
  watch(expected: { schedule: string; timeZone: string }): void;
  /** Ends it all; what is on its way gets so many ms to arrive. */
  close(graceMs: number): Promise<void>;
}

export interface HealthOptions {
  events: WorkerEvents;
  clock: Clock;
  log: Log;
  redact: Redact;
  heartbeatUrl?: string | undefined;
  alertWebhookUrl?: string | undefined;
  /** The images folder. */
  folder: string;
  statfs: DiskWatchOptions['statfs'];
  /** A pass that comes no further for so long never will. */
  stallMs: number;
  kept: KeptFile;
  /** Replaces the heartbeat file as a whole. */
  saveHeartbeat: (text: string) => Promise<void>;
  /** The chain as it stands now. */
  providers: () => readonly ProviderState[];
  /** Is it the board's answer to a token that it does not know? */
  isTokenRefused: (error: unknown) => boolean;
}

/** A heartbeat older than this has stopped. */
const silentMs = 4 * beatMs;
const failuresToAlert = 3;
/** In characters. */
const longestError = 300;
/** What was given up needs a moment to be written down. */
const lastMs = 1000;

/** Reads the alert state of earlier processes, and listens from then on. */
export async function createHealth(options: HealthOptions): Promise<Health> {
  const { events, clock, log, redact, heartbeatUrl, alertWebhookUrl, folder, stallMs } = options;
  const { providers, isTokenRefused } = options;
  const startedAt = isoTime(clock.now());
  let isFolderOurs = true;
  const ifOurs = async (write: () => Promise<void>) => (isFolderOurs ? write() : undefined);
  const save = (text: string) => ifOurs(() => options.kept.save(text));
  const { kept, keep } = await openKept({ load: () => options.kept.load(), save }, log);
  const closing = new AbortController();
  const outgoing = new AbortController();
  setMaxListeners(0, closing.signal, outgoing.signal);

  const { signal } = outgoing;
  const ping = heartbeatUrl === undefined ? undefined : createHeartbeatPing({ url: heartbeatUrl, log, signal });
  const tell = alertWebhookUrl === undefined ? undefined : createWebhook({ url: alertWebhookUrl, clock, log, signal });
  const alerts = createAlerts({ entries: kept.alerts, keep, tell, log, redact });
  const providerAlerts = createProviderAlerts(alerts, providers);
  const disk = createDiskWatch({ folder, statfs: options.statfs, alerts, log });
  const passes = createPassRecord({ clock, stallMs });
  const waiting = createWaitingRows(kept.left, clock);
  let isPaused = false;
  let expected: { schedule: string; timeZone: string } | undefined;

  const stands = (kind: AlertKind, words: AlertMessage | false) =>
    words ? alerts.begin(kind, words) : alerts.end(kind);

  const facts = (): HealthFacts => {
    const now = clock.now();
    const oldest = waiting.oldestSince();
    const freeDiskBytes = disk.freeBytes();
    return {
      at: isoTime(now),
      processId: process.pid,
      startedAt,
      passes: { ...passes.facts(), failedInARow: kept.failedPasses },
      ...(oldest !== undefined && {
        oldestWaitingSince: isoTime(oldest),
        oldestWaitingMs: Math.max(0, now - oldest),
      }),
      providers: providers().map(providerFact),
      ...(freeDiskBytes !== undefined && { freeDiskBytes }),
      alerts: alerts.standing(),
    };
  };

  const liveness = (): Verdict => {
    const silentForMs = heartbeat.silentForMs();
    if (expected && silentForMs > silentMs) return { ok: false, reason: verdictMessages.silent(silentForMs) };
    return passes.liveness();
  };

  const readiness = (): Verdict => {
    if (closing.signal.aborted) return { ok: false, reason: verdictMessages.stopping };
    if (!isFolderOurs) return { ok: false, reason: verdictMessages.folderLost };
    const refused = kept.alerts.get('tokenRefused');
    if (refused?.state === 'trouble') return { ok: false, reason: refused.trouble };
    if (!heartbeat.isWritable()) return { ok: false, reason: verdictMessages.unwritable };
    return passes.reach();
  };

  const heartbeat = createHeartbeatFile({
    async content() {
      await disk.measure();
      return { ...facts(), liveness: liveness(), readiness: readiness() };
    },
    save: (text) => ifOurs(() => options.saveHeartbeat(text)),
    clock,
    log,
  });
  const settled = async () => {
    // The last look at the disk may have something to tell.
    await heartbeat.beat();
    await Promise.all([ping?.settled(), alerts.settled()]);
  };

  const expectPasses = () => {
    if (expected) passes.due(isPaused ? Number.POSITIVE_INFINITY : msToThirdRun(expected, clock.now()));
  };

  const ended = () => {
    expectPasses();
    alerts.deliver();
    void keep();
    void heartbeat.beat();
  };

  const passStarted = () => {
    passes.started();
    expectPasses();
    waiting.passStarted();
    ping?.started();
    alerts.deliver();
    void heartbeat.beat();
  };

  const passDone = ({ scope, summary }: PassState) => {
    passes.ended('good', summary && { summary });
    kept.failedPasses = 0;
    stands('tokenRefused', false);
    stands('passesFailing', false);
    if (scope === 'board' && !isPaused) {
      const stuck = waiting.passEnded();
      stands('rowsStuck', stuck !== undefined && alertMessages.rowsStuck(stuck.count, stuck.url));
    }
    providerAlerts.review([]);
    ping?.succeeded();
    ended();
  };

  const passFailed = (error: unknown) => {
    const said = redact(errorText(error, longestError));
    passes.ended('failed', { error: said });
    if (isTokenRefused(error)) stands('tokenRefused', alertMessages.tokenRefused());
    else {
      kept.failedPasses += 1;
      const words = alertMessages.passesFailing(kept.failedPasses, error);
      if (kept.failedPasses >= failuresToAlert) stands('passesFailing', words);
    }
    providerAlerts.review([]);
    ping?.failed(said);
    ended();
  };

  const passStopped = () => {
    passes.ended('stopped');
    ended();
  };

  events.on('pass', (pass, error) => {
    // One row asked for by hand says nothing of the passes.
    if (pass.scope === 'row') return;
    if (pass.state === 'running') passStarted();
    else if (pass.state === 'done') passDone(pass);
    else if (pass.state === 'failed') passFailed(error);
    else if (pass.state === 'stopped') passStopped();
  });
  events.on('outcome', (outcome) => {
    passes.progressed();
    waiting.outcome(outcome);
    if (outcome.kind !== 'skipped') providerAlerts.review(outcome.attempts);
  });
  events.on('pendingRead', ({ posts, isFirst, more }) => {
    passes.looked();
    const isAll = isFirst && !more;
    waiting.sighted(posts, isAll && passes.facts().runningSince === undefined);
  });
  events.on('budget', ({ isReached }) => stands('budgetReached', isReached && alertMessages.budgetReached()));
  events.on('paused', (now) => {
    isPaused = now;
    expectPasses();
  });
  events.on('folderLost', () => {
    isFolderOurs = false;
    stands('folderTaken', alertMessages.folderTaken(folder));
  });

  return {
    facts,
    alerts: () => alerts.troubles(),
    liveness,
    readiness,
    watch(schedule) {
      if (expected) return;
      expected = schedule;
      void heartbeat.beatOn(closing.signal);
    },
    async close(graceMs) {
      closing.abort(new Error('The worker has been closed.'));
      await withDeadline(graceMs, undefined, settled).catch(() => undefined);
      outgoing.abort(new Error('The worker has been closed.'));
      await withDeadline(lastMs, undefined, settled).catch(() => undefined);
    },
  };
}

import { setMaxListeners } from 'node:events';
import { listen, type WorkerEvents } from '../../core/events.ts';
import type { PassState } from '../../core/pass.ts';
import type { Clock } from '../../lib/clock.ts';
import { isoTime } from '../../lib/dates.ts';
import { withDeadline } from '../../lib/deadline.ts';
import type { Log } from '../../lib/log.ts';
import type { Redact } from '../../lib/redact.ts';
import { errorText } from '../../lib/text.ts';
import { type AlertKind, type AlertMessage, alertMessages } from '../../messages/alerts.ts';
import { verdictMessages } from '../../messages/health.ts';
import type { StateFile } from '../../state/state-file.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { createProviderAlerts } from '../alerts/provider-alerts.ts';
import { openAlertState } from '../alerts/state.ts';
import { createWebhook } from '../alerts/webhook.ts';
import { createDiskWatch, type DiskWatchOptions } from './disk.ts';
import type { ProviderState } from '../../chain/chain.ts';
import { type HealthFacts, providerFact, type Verdict } from './facts.ts';
import { beatMs, createHeartbeatFile } from './heartbeat-file.ts';
import { createHeartbeatPing } from './heartbeat-ping.ts';
import { createPassRecord, type CronSchedule } from './passes.ts';
import { createWaitingRows } from './waiting.ts';

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
  watch(schedule: CronSchedule): void;
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
  /** One row's time, by which it is judged that a pass will never come to its end. */
  rowTimeoutMs: number;
  alertFile: StateFile;
  /** Replaces the heartbeat file as a whole. */
  saveHeartbeat: (text: string) => Promise<void>;
  /** The providers of the chain as they are now. */
  providers: () => readonly ProviderState[];
  /** Is it the board's answer to a token that it does not know? */
  isTokenRefused: (error: unknown) => boolean;
}

/** A heartbeat older than this has stopped. */
const silentMs = 4 * beatMs;
const failuresToAlert = 3;
/** A pass that has not got on for so long never will, nor one that stood still for three rows' time. */
const shortestStallMs = 30 * 60_000;
/** In characters. */
const longestError = 300;
/** What was given up needs a moment to be written to the disk. */
const lastMs = 1000;

/** Reads the alert state of earlier processes, and listens from then on. */
export async function createHealth(options: HealthOptions): Promise<Health> {
  const { events, clock, log, redact, heartbeatUrl, alertWebhookUrl, folder, alertFile, providers } = options;
  const startedAt = isoTime(clock.now());
  let isFolderOurs = true;
  const ifOurs = async (write: () => Promise<void>) => (isFolderOurs ? write() : undefined);
  const { state, save } = await openAlertState(
    { load: () => alertFile.load(), save: (text) => ifOurs(() => alertFile.save(text)) },
    log,
  );
  const closing = new AbortController();
  const outgoing = new AbortController();
  const { signal } = outgoing;
  setMaxListeners(0, closing.signal, signal);

  const ping = heartbeatUrl === undefined ? undefined : createHeartbeatPing({ url: heartbeatUrl, log, signal });
  const send = alertWebhookUrl === undefined ? undefined : createWebhook({ url: alertWebhookUrl, clock, log, signal });
  const alerts = createAlerts({ entries: state.alerts, save, send, log, redact });
  const reviewProviders = createProviderAlerts(alerts, providers);
  const disk = createDiskWatch({ folder, statfs: options.statfs, alerts, log });
  const passes = createPassRecord({ clock, stallMs: Math.max(shortestStallMs, 3 * options.rowTimeoutMs) });
  const waiting = createWaitingRows(state.left, clock);
  let isPaused = false;
  let schedule: CronSchedule | undefined;

  const setAlert = (kind: AlertKind, message: AlertMessage | false) =>
    message ? alerts.raise(kind, message) : alerts.clear(kind);

  const facts = (): HealthFacts => {
    const now = clock.now();
    const oldest = waiting.oldestSince();
    const freeDiskBytes = disk.freeBytes();
    return {
      at: isoTime(now),
      processId: process.pid,
      startedAt,
      passes: { ...passes.facts(), failedInARow: state.failedPasses },
      ...(oldest !== undefined && {
        oldestWaitingSince: isoTime(oldest),
        oldestWaitingMs: Math.max(0, now - oldest),
      }),
      providers: providers().map(providerFact),
      ...(freeDiskBytes !== undefined && { freeDiskBytes }),
      alerts: [...alerts.raised().keys()],
    };
  };

  const liveness = (): Verdict => {
    const silentForMs = heartbeat.silentForMs();
    if (schedule && silentForMs > silentMs) return notOk(verdictMessages.silent(silentForMs));
    return passes.liveness();
  };

  const readiness = (): Verdict => {
    if (closing.signal.aborted) return notOk(verdictMessages.stopping);
    if (!isFolderOurs) return notOk(verdictMessages.folderLost);
    const refused = alerts.raised().get('tokenRefused');
    if (refused !== undefined) return notOk(refused);
    return heartbeat.isWritable() ? passes.reach() : notOk(verdictMessages.unwritable);
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

  // While passes are paused on purpose, none is missed.
  const expectNextPass = () => passes.expectNext(isPaused ? undefined : schedule);

  const passStarted = () => {
    passes.started();
    waiting.passStarted();
    ping?.started();
  };

  const passDone = ({ scope, summary }: PassState) => {
    passes.ended('good', summary && { summary });
    state.failedPasses = 0;
    setAlert('tokenRefused', false);
    setAlert('passesFailing', false);
    if (scope === 'board' && !isPaused) {
      const stuck = waiting.passEnded();
      setAlert('rowsStuck', stuck !== undefined && alertMessages.rowsStuck(stuck.count, stuck.url));
    }
    reviewProviders([]);
    ping?.succeeded();
  };

  const passFailed = (error: unknown) => {
    const reason = redact(errorText(error, longestError));
    passes.ended('failed', { error: reason });
    if (options.isTokenRefused(error)) setAlert('tokenRefused', alertMessages.tokenRefused());
    else {
      state.failedPasses += 1;
      const message = alertMessages.passesFailing(state.failedPasses, error);
      if (state.failedPasses >= failuresToAlert) setAlert('passesFailing', message);
    }
    reviewProviders([]);
    ping?.failed(reason);
  };

  const unlisten = listen(events, {
    pass(pass, error) {
      // One row asked for by hand says nothing of the passes.
      if (pass.scope === 'row' || pass.state === 'queued') return;
      if (pass.state === 'running') passStarted();
      else if (pass.state === 'done') passDone(pass);
      else if (pass.state === 'failed') passFailed(error);
      else passes.ended('stopped');
      expectNextPass();
      alerts.deliver();
      void save();
      void heartbeat.beat();
    },
    outcome(outcome) {
      passes.progressed();
      waiting.outcome(outcome);
      if (outcome.kind !== 'skipped') reviewProviders(outcome.attempts);
    },
    pendingRead({ posts, isFirst, more }) {
      passes.boardRead();
      waiting.pendingRead(posts, isFirst && !more && passes.facts().runningSince === undefined);
    },
    budget: ({ isReached }) => setAlert('budgetReached', isReached && alertMessages.budgetReached()),
    paused(now) {
      isPaused = now;
      expectNextPass();
    },
    folderLost() {
      isFolderOurs = false;
      setAlert('folderTaken', alertMessages.folderTaken(folder));
    },
  });

  const settled = async () => {
    // The disk, measured once more, may be something to alert of.
    await heartbeat.beat();
    await Promise.all([ping?.settled(), alerts.settled()]);
  };

  return {
    facts,
    alerts: () => [...alerts.raised().values()],
    liveness,
    readiness,
    watch(expected) {
      if (schedule) return;
      schedule = expected;
      void heartbeat.beatOn(closing.signal);
    },
    async close(graceMs) {
      closing.abort(new Error('The worker has been closed.'));
      await withDeadline(graceMs, undefined, settled).catch(() => undefined);
      outgoing.abort(new Error('The worker has been closed.'));
      await withDeadline(lastMs, undefined, settled).catch(() => undefined);
      unlisten();
    },
  };
}

function notOk(reason: string): Verdict {
  return { ok: false, reason };
}

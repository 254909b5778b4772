import { setMaxListeners } from 'node:events';
import type { Clock } from '../../lib/clock.ts';
import { isoTime } from '../../lib/dates.ts';
import { withDeadline } from '../../lib/deadline.ts';
import { errorText } from '../../lib/text.ts';
import type { Log } from '../../lib/log.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Post } from '../../core/post.ts';
import type { Redact } from '../../lib/redact.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { createDiskWatch, type DiskWatchOptions } from './disk.ts';
import { type HealthFacts, type PassNumbers, providerFact, type ProviderState, type Verdict } from './facts.ts';
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

/** How well the worker is, and who is told. Nothing here waits, and nothing fails the caller. */
export interface Health {
  /** `whole`: over every row of the board. */
  passStarted(pass: { whole: boolean }): void;
  passEnded(summary: PassNumbers): void;
  passFailed(error: unknown): void;
  /** Somebody asked the process to stop. */
  passStopped(): void;
  outcome(outcome: Outcome): void;
  /** `isAll`: no other row waits. */
  sighted(posts: readonly Post[], isAll?: boolean): void;
  /** Is there room for paid pictures no more? */
  budget(state: { isReached: boolean }): void;
  /** Passes are paused on purpose, or go on: while they are, none is missed. */
  paused(isPaused: boolean): void;
  /** Another worker holds the folder now: nothing is written there any more. */
  folderLost(): void;
  facts(): HealthFacts;
  /** What the operator has to mend, each in a few sentences. */
  troubles(): string[];
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

/** Opens what is kept, and begins. */
export async function createHealth(options: HealthOptions): Promise<Health> {
  const { clock, log, redact, heartbeatUrl, alertWebhookUrl, folder, stallMs, providers, isTokenRefused } = options;
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
  let isWhole = true;
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

  return {
    passStarted({ whole }) {
      isWhole = whole;
      passes.started();
      expectPasses();
      waiting.passStarted();
      ping?.started();
      alerts.deliver();
      void heartbeat.beat();
    },
    passEnded(summary) {
      passes.ended('good', { numbers: summary });
      kept.failedPasses = 0;
      stands('tokenRefused', false);
      stands('passesFailing', false);
      if (isWhole && !isPaused) {
        const stuck = waiting.passEnded();
        stands('rowsStuck', stuck !== undefined && alertMessages.rowsStuck(stuck.count, stuck.url));
      }
      providerAlerts.review([]);
      ping?.succeeded();
      ended();
    },
    passFailed(error) {
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
    },
    passStopped() {
      passes.ended('stopped');
      ended();
    },
    outcome(outcome) {
      passes.progressed();
      waiting.outcome(outcome);
      if (outcome.kind !== 'skipped') providerAlerts.review(outcome.attempts);
    },
    sighted(posts, isAll = false) {
      passes.looked();
      waiting.sighted(posts, isAll && passes.facts().runningSince === undefined);
    },
    budget({ isReached }) {
      stands('budgetReached', isReached && alertMessages.budgetReached());
    },
    paused(now) {
      isPaused = now;
      expectPasses();
    },
    folderLost() {
      isFolderOurs = false;
      stands('folderTaken', alertMessages.folderTaken(folder));
    },
    facts,
    troubles: () => alerts.troubles(),
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

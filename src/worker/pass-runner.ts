import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { BoardError, ConfigError } from '../core/errors.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { Log } from '../lib/log.ts';
import type { PassReason, PassState, PassSummary } from '../core/pass.ts';
import { unforeseenPass } from '../messages/row.ts';

/** The passes of one process: never two at a time, and at most one that waits for its turn. */
export interface Passes {
  /**
   * A pass that begins now, or as soon as the one under way has ended; asked for while one waits already, that one. What the schedule asks for
   * while a pass is under way is left out. Undefined then, while paused, and once the worker stops. `markedPostId` is the row that it is asked for.
   */
  request(reason: PassReason, markedPostId?: string): PassState | undefined;
  /** One of the last passes. */
  find(id: string): PassState | undefined;
  /** The last passes, newest first. */
  recent(): readonly PassState[];
  /** ISO 8601; undefined while passes are not paused. */
  pausedSince(): string | undefined;
  /** Begins no pass and no further row from now on, also after a restart. @throws {ConfigError} when it cannot be kept. */
  pause(): Promise<void>;
  /** Goes on, at once. @throws {ConfigError} when it cannot be kept. */
  resume(): Promise<void>;
  /** Resolves when no pass is under way. */
  settled(): Promise<void>;
}

/** What outlives the process. */
export interface PauseFile {
  /** ISO 8601 since when passes are paused. */
  load(): Promise<string | undefined>;
  /** Undefined when they go on. */
  save(since: string | undefined): Promise<void>;
}

export interface PassesOptions {
  clock: Clock;
  log: Log;
  events: WorkerEvents;
  file: PauseFile;
  /** Makes one pass. */
  pass: () => Promise<PassSummary>;
}

/** Passes remembered. */
const mostRecent = 50;

/** Begins nothing by itself; once the signal aborts it begins nothing more. */
export async function createPasses(options: PassesOptions, signal: AbortSignal): Promise<Passes> {
  const { clock, log, events, file, pass } = options;
  const recent: PassState[] = [];
  let queued: PassState | undefined;
  let running: Promise<void> | undefined;
  let pausedSince = await file.load();
  const isoNow = () => new Date(clock.now()).toISOString();
  const tell = (state: PassState, error?: unknown) => void events.emit('pass', { ...state }, error);

  let keeping = Promise.resolve();
  /** One after the other, each with what holds by then; asked for again it makes up for a disk that failed. */
  const keep = () => (keeping = keeping.catch(() => undefined).then(() => file.save(pausedSince)));

  const run = async (state: PassState): Promise<void> => {
    Object.assign(state, { state: 'running', startedAt: isoNow() });
    tell(state);
    const end = (how: Partial<PassState>, error?: unknown) => {
      Object.assign(state, how, { endedAt: isoNow() });
      tell(state, error);
    };
    try {
      const summary = await pass();
      end({ state: 'done', summary });
    } catch (error) {
      // A mistake in the settings that ends the process is told by whoever started it.
      if (error instanceof ConfigError && signal.reason === error)
        end({ state: 'failed', error: oneLine(error) }, error);
      else if (signal.aborted) end({ state: 'stopped' });
      else end({ state: 'failed', error: tellEnd(log, error) }, error);
    }
  };

  const begin = () => {
    const next = queued;
    if (!next || running || signal.aborted || pausedSince !== undefined) return;
    queued = undefined;
    running = run(next).then(() => {
      running = undefined;
      begin();
      return running;
    });
  };

  const request = (reason: PassReason, markedPostId?: string): PassState | undefined => {
    // The pass under way may see the marked row sooner than the next one.
    if (reason === 'request' || reason === 'notice') events.emit('marked', markedPostId);
    if (signal.aborted || pausedSince !== undefined) return undefined;
    if (reason === 'schedule' && running) {
      log.debug({}, 'The pass before is still running; this tick is left out.');
      return undefined;
    }
    if (!queued) {
      queued = { id: randomUUID(), reason, scope: 'board', state: 'queued', requestedAt: isoNow() };
      recent.unshift(queued);
      recent.splice(mostRecent);
      tell(queued);
    }
    const asked = queued;
    begin();
    return { ...asked };
  };

  return {
    request,
    find(id) {
      const found = recent.find((state) => state.id === id);
      return found && { ...found };
    },
    recent: () => recent.map((state) => ({ ...state })),
    pausedSince: () => pausedSince,
    async pause() {
      if (pausedSince === undefined) {
        pausedSince = isoNow();
        log.info({}, 'Paused: no row is taken until somebody resumes');
        events.emit('paused', true);
      }
      await keep();
    },
    async resume() {
      if (pausedSince !== undefined) {
        pausedSince = undefined;
        log.info({}, 'Resumed');
        events.emit('paused', false);
        request('request');
      }
      await keep();
    },
    settled: async () => running,
  };
}

/** Logs why a pass ended early, and answers with it. */
function tellEnd(log: Log, error: unknown): string {
  if (error instanceof ConfigError || error instanceof BoardError) {
    const said = oneLine(error);
    log.error({ reason: error.name }, `The pass ended early. ${said}`);
    return said;
  }
  log.error({ err: error }, `The pass ended early, and the worker does not know why: ${String(error)}`);
  return unforeseenPass;
}

function oneLine({ message }: Error): string {
  return message.replaceAll('\n', ' ');
}

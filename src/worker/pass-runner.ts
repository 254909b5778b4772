import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { BoardFacts, PostBoard } from '../core/board.ts';
import type { BudgetState } from '../core/budget.ts';
import { BoardError, ConfigError } from '../core/errors.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { PassReason, PassState, PassSummary } from '../core/pass.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { unforeseenPass } from '../messages/row.ts';
import type { RemovableFile } from '../state/state-file.ts';
import type { PassOptions } from './pass.ts';
import { readPending } from './row-source.ts';

/** The passes of one process: never two at a time, and at most one that waits for its turn. */
export interface PassRunner {
  /** One pass now, which somebody waits for. @throws {ConfigError} {BoardError}, or the signal's reason. */
  run(options?: PassOptions): Promise<PassSummary>;
  /**
   * A pass that begins now, or as soon as the one under way has ended; asked for while one waits already, that one. What the
   * schedule asks for while a pass is under way is left out. Undefined then, while paused, and once the worker stops.
   * `markedPostId` is the row that it is asked for.
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
  /** What was read of the board last; undefined before it was opened. */
  board(): BoardFacts | undefined;
  /** Finds the board, and reads its properties anew. @throws {ConfigError} {BoardError} */
  openBoard(): Promise<BoardFacts>;
  /** Resolves when no pass is under way. */
  settled(): Promise<void>;
}

export interface PassRunnerOptions {
  clock: Clock;
  log: Log;
  events: WorkerEvents;
  board: PostBoard;
  budget: { state(): Promise<BudgetState> };
  /** Says since when passes are paused, also after a restart; absent while they are not. */
  pauseFile: RemovableFile;
  /** Makes one pass over the board. */
  makePass: (options: PassOptions, pass: { board: BoardFacts; scheduled: boolean }) => Promise<PassSummary>;
  /** Ends the worker when its first pass shows that nobody but the operator can help. */
  giveUp?: (error: ConfigError) => void;
}

/** Passes remembered. */
const mostRecent = 50;

/** Begins nothing by itself; once the signal aborts it begins nothing more. */
export async function createPassRunner(options: PassRunnerOptions, signal: AbortSignal): Promise<PassRunner> {
  const { clock, log, events, board, budget, pauseFile, makePass, giveUp } = options;
  const recent: PassState[] = [];
  let facts: BoardFacts | undefined;
  let queued: PassState | undefined;
  let running: Promise<void> | undefined;
  let pausedSince = (await pauseFile.load())?.trim();
  let wasGood = false;
  const isoNow = () => new Date(clock.now()).toISOString();
  const emit = (state: PassState, error?: unknown) => void events.emit('pass', { ...state }, error);

  const oneSave = pLimit(1);
  /** Each with what holds by then; asked for again it makes up for a disk that failed. */
  const savePause = () =>
    oneSave(() => (pausedSince === undefined ? pauseFile.remove() : pauseFile.save(`${pausedSince}\n`)));

  const openBoard = async () => {
    facts = await board.open();
    events.emit('boardOpened', facts);
    return facts;
  };

  const perform = async (state: PassState, passOptions: PassOptions, scheduled: boolean): Promise<PassSummary> => {
    Object.assign(state, { state: 'running', startedAt: isoNow() });
    emit(state);
    try {
      const summary = await makePass(passOptions, { board: await openBoard(), scheduled });
      const money = await budget.state();
      Object.assign(state, { state: 'done', summary, endedAt: isoNow() });
      emit(state);
      events.emit('budget', money);
      return summary;
    } catch (error) {
      const end = signal.aborted ? { state: 'stopped' } : { state: 'failed', error: reasonOf(error) };
      Object.assign(state, end, { endedAt: isoNow() });
      emit(state, error);
      throw error;
    }
  };

  const begin = () => {
    const next = queued;
    if (!next || running || signal.aborted || pausedSince !== undefined) return;
    queued = undefined;
    const pass = perform(next, { isPaused: () => pausedSince !== undefined }, true).then(
      () => void (wasGood = true),
      (error: unknown) => {
        if (signal.aborted) return;
        // What is wrong from the start ends the worker at once, which then says why; later the schedule goes on until it is mended.
        if (!wasGood && giveUp && error instanceof ConfigError) giveUp(error);
        else logEnd(log, error);
      },
    );
    running = pass.then(() => {
      running = undefined;
      begin();
      return running;
    });
  };

  const add = (reason: PassReason, scope: PassState['scope']): PassState => {
    const state: PassState = { id: randomUUID(), reason, scope, state: 'queued', requestedAt: isoNow() };
    recent.unshift(state);
    recent.splice(mostRecent);
    return state;
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
      queued = add(reason, 'board');
      emit(queued);
    }
    const asked = queued;
    begin();
    return { ...asked };
  };

  /** Finds out whether the board can be read, for a worker that starts paused. */
  const checkBoard = async () => {
    try {
      await openBoard();
      await readPending({ board, events });
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'Paused, and the board cannot be read');
    }
  };

  return {
    run(passOptions = {}) {
      const { pageId, limit } = passOptions;
      const scope = pageId !== undefined ? 'row' : limit === undefined ? 'board' : 'limited';
      return perform(add('request', scope), passOptions, false);
    },
    request(reason, markedPostId) {
      if (reason === 'start' && pausedSince !== undefined) void checkBoard();
      return request(reason, markedPostId);
    },
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
      await savePause();
    },
    async resume() {
      if (pausedSince !== undefined) {
        pausedSince = undefined;
        log.info({}, 'Resumed');
        events.emit('paused', false);
        request('request');
      }
      await savePause();
    },
    board: () => facts,
    openBoard,
    settled: async () => running,
  };
}

/** Why a pass ended early, in one sentence for people. */
function reasonOf(error: unknown): string {
  if (error instanceof ConfigError || error instanceof BoardError) return error.message.replaceAll('\n', ' ');
  return unforeseenPass;
}

function logEnd(log: Log, error: unknown): void {
  if (error instanceof ConfigError || error instanceof BoardError) {
    log.error({ reason: error.name }, `The pass ended early. ${reasonOf(error)}`);
  } else {
    log.error({ err: error }, `The pass ended early, and the worker does not know why: ${String(error)}`);
  }
}

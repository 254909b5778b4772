/** The one queue of the server: jobs wait for its lock in turn, and run until their time is over or they are interrupted. */
export interface Engine {
  /** The task that runs. */
  readonly active: string | undefined;
  readonly interrupted: number;
  isQueued(task: string): boolean;
  isCompleted(task: string): boolean;
  /** Runs `work` when it is the task's turn and `delayMs` are over. */
  run<T>(task: string, delayMs: () => number, work: (wasInterrupted: boolean) => Promise<T>): Promise<T>;
  /** Stops whatever runs. */
  interrupt(): void;
  /** Ends every job without waiting. */
  close(): void;
}

/** A queue that tells `happened` of every change. */
export function createEngine(happened: () => void): Engine {
  const queued: string[] = [];
  const completed: string[] = [];
  let current: { task: string; stop: () => void } | undefined;
  let lock: Promise<unknown> = Promise.resolve();
  let interrupted = 0;
  let closed = false;

  const wait = async (task: string, delayMs: number): Promise<boolean> => {
    let timer: NodeJS.Timeout | undefined;
    const stopped = await new Promise<boolean>((resolve) => {
      if (Number.isFinite(delayMs)) timer = setTimeout(resolve, delayMs, false);
      current = { task, stop: () => resolve(true) };
      if (closed) resolve(true);
      happened();
    });
    clearTimeout(timer);
    current = undefined;
    return stopped;
  };

  return {
    get active() {
      return current?.task;
    },
    get interrupted() {
      return interrupted;
    },
    isQueued: (task) => queued.includes(task),
    isCompleted: (task) => completed.includes(task),
    run(task, delayMs, work) {
      queued.push(task);
      happened();
      const turn = lock.then(async () => {
        queued.splice(queued.indexOf(task), 1);
        try {
          return await work(await wait(task, delayMs()));
        } finally {
          completed.push(task);
          completed.splice(0, completed.length - 100);
          happened();
        }
      });
      lock = turn.catch(() => undefined);
      return turn;
    },
    interrupt() {
      if (current === undefined) return;
      interrupted += 1;
      current.stop();
    },
    close() {
      closed = true;
      current?.stop();
    },
  };
}

import { MultiBar, type SingleBar } from 'cli-progress';

/** A progress bar at the bottom of a terminal, with lines above it. */
export interface Progress {
  /** How many rows are known to wait; `more` when there are further ones. */
  waiting: (count: number, more: boolean) => void;
  /** One row has come to its end. */
  step: () => void;
  /** Prints a line above the bar. */
  line: (text: string) => void;
  stop: () => void;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const bars = new MultiBar({
    format: '{bar} {value}/{total}{more} rows · {duration_formatted}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: null,
    stream,
  });
  let bar: SingleBar | undefined;
  let ended = 0;
  return {
    waiting(count, more) {
      if (count > 0) bar ??= bars.create(count, 0, { more: '' });
      bar?.setTotal(Math.max(ended + count, ended));
      bar?.update(ended, { more: more ? '+' : '' });
    },
    step() {
      ended += 1;
      bar?.update(ended);
    },
    line: (text) => (bar ? bars.log(text.endsWith('\n') ? text : `${text}\n`) : stream.write(text)),
    stop: () => bars.stop(),
  };
}

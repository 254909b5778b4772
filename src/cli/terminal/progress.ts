import { MultiBar, type SingleBar } from 'cli-progress';

/** A progress bar at the bottom of a terminal, with lines above it. */
export interface Progress {
  /** How many rows are known to wait; `more` when there are further ones. Without any the bar goes. */
  waiting: (count: number, more: boolean) => void;
  /** One row has come to its end. */
  step: () => void;
  /** Prints a line above the bar. */
  line: (text: string) => void;
  stop: () => void;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  let shown: { bars: MultiBar; bar: SingleBar } | undefined;
  let ended = 0;
  const begin = (count: number) => {
    const bars = new MultiBar({
      format: '{bar} {value}/{total}{more} rows · {duration_formatted}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      clearOnComplete: true,
      // Off, it cuts long lines, and would stay off after a kill.
      linewrap: true,
      stream,
    });
    return { bars, bar: bars.create(count, 0, { more: '' }) };
  };
  const stop = () => {
    // Lines above the bar wait for its next drawing.
    shown?.bars.update();
    shown?.bars.stop();
    shown = undefined;
    ended = 0;
  };
  return {
    waiting(count, more) {
      if (count === 0 && !more) return stop();
      shown ??= begin(count);
      shown.bar.setTotal(ended + count);
      shown.bar.update(ended, { more: more ? '+' : '' });
    },
    step() {
      ended += 1;
      shown?.bar.update(ended);
    },
    line: (text) => (shown ? shown.bars.log(text) : stream.write(text)),
    stop,
  };
}

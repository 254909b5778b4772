import { MultiBar, type SingleBar } from 'cli-progress';
import type { WorkerEvents } from '../../core/events.ts';

/** A progress bar at the bottom of a terminal. It shows how many of the rows that are known to wait have ended, from the first row taken until no row waits. */
export function createProgress(stream: NodeJS.WriteStream, events: WorkerEvents) {
  let shown: { bars: MultiBar; bar: SingleBar } | undefined;
  let steps = 0;
  let waiting = { count: 0, more: false };
  /** Rows that ended in this pass: a query may still list them as waiting. */
  const ended = new Set<string>();

  const begin = () => {
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
    return { bars, bar: bars.create(waiting.count, 0, { more: '' }) };
  };
  const draw = () => {
    shown?.bar.setTotal(steps + waiting.count);
    shown?.bar.update(steps, { more: waiting.more ? '+' : '' });
  };
  const stop = () => {
    // Lines above the bar wait for its next drawing.
    shown?.bars.update();
    shown?.bars.stop();
    shown = undefined;
    steps = 0;
  };

  events.on('pass', ({ state }) => state === 'running' && ended.clear());
  events.on('pendingRead', ({ posts, isFirst, more }) => {
    if (!isFirst) return;
    waiting = { count: posts.filter(({ id }) => !ended.has(id)).length, more };
    if (waiting.count === 0 && !more) stop();
    else draw();
  });
  events.on('taken', ({ id }) => {
    ended.delete(id);
    // Rows that are healed or tried again are not among those that wait, and have no bar.
    if (shown || (waiting.count === 0 && !waiting.more)) return;
    shown = begin();
    draw();
  });
  events.on('outcome', (outcome) => {
    if (outcome.kind === 'skipped' && outcome.again) return;
    ended.add(outcome.post.id);
    if (!shown) return;
    steps += 1;
    shown.bar.update(steps);
  });

  /** Prints a line above the bar. */
  const line = (text: string) => void (shown ? shown.bars.log(text) : stream.write(text));
  return { line, stop };
}

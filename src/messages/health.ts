import { formatMinutes } from './formats.ts';

/** Reasons of the answers to "are you alive?" and "are you ready?". */
export const verdictMessages = {
  alive: 'The worker is alive.',
  stalled: (ms: number) => `The pass under way has come no further for ${formatMinutes(ms)}: restart the worker.`,
  overdue: 'No pass has begun though it was due: restart the worker.',
  silent: (ms: number) =>
    `The heartbeat was last written ${formatMinutes(ms)} ago: check the disk, then restart the worker.`,
  ready: 'The worker is ready.',
  stopping: 'The worker is stopping.',
  folderLost: 'Another worker holds the images folder.',
  notYet: 'The board has not been read yet.',
  unread: (ms: number, error: string) => `The board was last read ${formatMinutes(ms)} ago. ${error}`,
  unwritable: 'The state folder cannot be written to: check the disk.',
};

import type { Log } from '../../lib/log.ts';
import type { Alerts } from '../alerts/alerts.ts';
import { alertMessages } from '../../messages/alerts.ts';

export interface DiskWatchOptions {
  folder: string;
  statfs: (folder: string) => Promise<{ bavail: number; bsize: number }>;
  alerts: Alerts;
  log: Log;
}

const lowBytes = 500 * 1024 * 1024;
/** More than it takes to be low, so that a disk at the edge does not alert with every file. */
const wellBytes = 750 * 1024 * 1024;

/** Watches the space on the disk that holds the folder: an alert is raised when too little is measured. */
export function createDiskWatch({ folder, statfs, alerts, log }: DiskWatchOptions) {
  let free: number | undefined;
  return {
    /** Never fails. */
    async measure() {
      try {
        const { bavail, bsize } = await statfs(folder);
        free = bavail * bsize;
        if (free < lowBytes) alerts.raise('diskLow', alertMessages.diskLow(free, folder));
        else if (free >= wellBytes) alerts.clear('diskLow');
      } catch (error) {
        log.debug({ err: error }, 'The free disk space is not known');
        free = undefined;
      }
    },
    /** As measured last; undefined when the system does not say. */
    freeBytes: () => free,
  };
}

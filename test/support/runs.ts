/** Whether this run is `npm run test:trials`. */
export const isTrial = process.env['TRIALS'] === 'true';

/** How often a slow property is tried: `full` times in the trials, a tenth of it in the quick suite. */
export function runs(full: number): number {
  return isTrial ? full : Math.ceil(full / 10);
}

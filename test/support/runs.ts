/** How often a slow property is tried: `full` times in the trials, a tenth of it in the quick suite. */
export function runs(full: number): number {
  return process.env['TRIALS'] === 'true' ? full : Math.ceil(full / 10);
}

import { join } from 'node:path';

/** The paths under `$IMAGES_DIR/.state/` that this folder's files own. */
export function statePaths(imagesDir: string) {
  const root = join(imagesDir, '.state');
  return {
    root,
    /** One folder per worker, for files that have no name yet. */
    temporary: join(root, 'tmp'),
    journal: join(root, 'journal'),
    /** An index of the journal: one small file for each row that is to be tried again, with the time. */
    retries: join(root, 'retries'),
    /** The same for rows whose placeholder may make way for a real image. */
    cards: join(root, 'cards'),
    /** What paid calls cost, in one file for each month. */
    spend: join(root, 'spend'),
    lock: join(root, 'lock'),
    workerId: join(root, 'worker-id'),
    providers: join(root, 'providers.json'),
    /** The worker's state, for container health checks and people. */
    heartbeat: join(root, 'heartbeat'),
    /** Which alerts the operator was sent. */
    alerts: join(root, 'alerts.json'),
    /** Since when passes are paused; absent while they are not. */
    paused: join(root, 'paused'),
    /** Images a day by provider. */
    tally: join(root, 'tally.json'),
    /** What Notion sent to have its notices verified, a line each with its time, until the settings hold it. */
    webhookToken: join(root, 'notion-webhook-token'),
  };
}

import { stateFile } from '../state/state-file.ts';
import type { PostBoard } from '../core/board.ts';
import type { Clock } from '../lib/clock.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { Log } from '../lib/log.ts';
import { readVersion } from '../lib/version.ts';
import { createRedact } from '../lib/redact.ts';
import type { Config } from '../config/config.ts';
import type { Health } from '../monitoring/health/health.ts';
import { createGallery, createUserGalleries, isBoardImage } from '../images/gallery.ts';
import { statePaths } from '../state/paths.ts';
import { saveWebhookToken } from '../state/webhook-token.ts';
import { createThumbnails } from '../images/thumbnail.ts';
import { createUploadStore, uploadsFolder } from '../images/upload-store.ts';
import { createNotices } from '../notion/webhook/webhook.ts';
import type { Budget } from '../chain/budget.ts';
import type { Chain } from '../chain/chain.ts';
import { withUnconfigured } from '../providers/registry.ts';
import { createImageJobs } from '../server/image-jobs.ts';
import type { ServerParts } from '../server/parts.ts';
import { type HttpServer, startServer } from '../server/server.ts';
import type { PassRunner } from '../worker/pass-runner.ts';
import { generateImage } from '../generation/generate.ts';
import { markAgain, readPending } from '../worker/row-source.ts';
import type { Schedule } from '../worker/schedule.ts';

/** The parts of a running worker that its HTTP server shows and uses. */
export interface WorkerParts {
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  events: WorkerEvents;
  workerId: string;
  board: PostBoard;
  chain: Chain;
  budget: Budget;
  health: Health;
  passes: PassRunner;
  schedule: Schedule;
}

/** The HTTP server of a running worker, listening. @throws {ConfigError} when it cannot listen. */
export async function openServer(config: Config, worker: WorkerParts): Promise<HttpServer> {
  return startServer(await joinServerParts(config, worker), config.server);
}

async function joinServerParts(config: Config, worker: WorkerParts): Promise<ServerParts> {
  const { clock, log, signal, events, workerId, board, chain, budget, health, passes, schedule } = worker;
  const { imagesDir: folder, rowTimeoutMs, server: settings } = config;
  const { tally } = statePaths(folder);
  const gallery = createGallery({ folder, isImage: isBoardImage, clock, log });
  const galleries = createUserGalleries(folder, { clock, log });
  events.on('outcome', (outcome) => outcome.kind === 'done' && gallery.added(outcome.image.path));
  return {
    clock,
    log,
    redact: createRedact(config.secrets),
    signal,
    events,
    version: readVersion(),
    schedule: { expression: config.schedule, timeZone: config.timeZone, next: () => schedule.next() },
    providers: withUnconfigured(config.providers),
    chain,
    generate: createImageJobs({
      chain,
      galleries,
      events,
      clock,
      rowTimeoutMs,
      storeOf: (userId) => createUploadStore({ folder, workerId, userId }),
      generateImage: (request, { chain, store, onAsking, onAttempt }, signal) =>
        generateImage(
          { request, owner: { postId: 'none', generation: 0 }, onAsking, onAttempt },
          { chain, store, clock, log, rowTimeoutMs },
          signal,
        ),
    }),
    passes,
    board: {
      isOnNotion: /(?:^|\.)notion\.com$/.test(new URL(config.notion.apiUrl).hostname),
      async look() {
        const { title, url } = passes.board() ?? (await passes.openBoard());
        const waiting = await readPending({ board, events });
        const failed = await board.failed();
        return {
          title,
          url,
          waiting: waiting.posts,
          moreWaiting: waiting.next !== undefined,
          failed: failed.posts,
          moreFailed: failed.next !== undefined,
        };
      },
      async retry(postId) {
        if (!passes.board()) await passes.openBoard();
        return markAgain(board, postId);
      },
    },
    budget,
    health,
    images: gallery,
    uploads: galleries,
    folders: { images: folder, uploads: uploadsFolder(folder) },
    thumbnail: createThumbnails({ log }),
    notice: createNotices({
      verificationToken: settings.notionWebhookToken,
      secret: settings.webhookSecret,
      clock,
      log,
      saveToken: (token) => saveWebhookToken(folder, token, clock.now()),
      board: () => {
        const ids = passes.board()?.ids;
        return (
          ids && {
            dataSourceId: ids.dataSource,
            statusId: ids.status,
            ...(ids.bot !== undefined && { botId: ids.bot }),
          }
        );
      },
      marked: (postId) => void passes.request('notice', postId),
    }),
    tally: stateFile(tally),
  };
}

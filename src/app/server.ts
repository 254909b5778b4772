import { stateFile } from '../state/state-file.ts';
import type { PostBoard } from '../core/board.ts';
import type { Clock } from '../lib/clock.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { Log } from '../lib/log.ts';
import { readVersion } from '../lib/version.ts';
import { createRedact } from '../lib/redact.ts';
import type { Config } from '../config/config.ts';
import type { Health } from '../monitoring/health/health.ts';
import { readBoard } from '../monitoring/overview/board-view.ts';
import { createGallery, createUserGalleries, isBoardImage } from '../images/gallery.ts';
import { statePaths } from '../state/paths.ts';
import { saveWebhookToken } from '../state/webhook-token.ts';
import { createThumbnails } from '../images/thumbnail.ts';
import { createUploadStore, uploadsFolder } from '../images/upload-store.ts';
import { isNotionItself } from '../notion/settings.ts';
import { createNotices } from '../notion/webhook/webhook.ts';
import type { Budget } from '../chain/budget.ts';
import type { Chain } from '../chain/chain.ts';
import { withUnconfigured } from '../providers/registry.ts';
import { createImageJobs } from '../server/image-jobs.ts';
import type { ServerParts } from '../server/parts.ts';
import { type HttpServer, startServer } from '../server/server.ts';
import type { PassRunner } from '../worker/pass-runner.ts';
import { generateImage } from '../generation/generate.ts';
import { markAgain } from '../worker/row-source.ts';
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
  const facts = async () => passes.board() ?? (await passes.openBoard());
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
    schedule,
    providers: withUnconfigured(config.providers),
    chain,
    generate: createImageJobs({
      chain,
      galleries,
      events,
      clock,
      log,
      rowTimeoutMs,
      storeOf: (userId) => createUploadStore({ folder, workerId, userId }),
      generateImage,
    }),
    passes,
    board: {
      isOnNotion: isNotionItself(config.notion.apiUrl),
      look: async () => readBoard({ board, events }, await facts()),
      async retry(postId) {
        await facts();
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
      board: () => passes.board()?.ids,
      marked: (postId) => void passes.request('notice', postId),
    }),
    tally: stateFile(tally),
  };
}

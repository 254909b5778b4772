import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { stateFile } from '../state/state-file.ts';
import type { BoardFacts, PostBoard } from '../core/board.ts';
import type { Clock } from '../lib/clock.ts';
import { DeadlineError, withDeadline } from '../lib/deadline.ts';
import { ChainExhaustedError, ProviderError } from '../core/errors.ts';
import type { WorkerEvents } from '../core/events.ts';
import { noJournal } from '../core/journal.ts';
import type { Log } from '../lib/log.ts';
import { createRedact } from '../lib/redact.ts';
import type { Attempt } from '../core/provider.ts';
import type { Config } from '../config/config.ts';
import type { Health } from '../monitoring/health/health.ts';
import { readIfPresent, writeAtomic } from '../state/files.ts';
import { createGallery, createUserGalleries, isBoardImage } from '../images/gallery.ts';
import { renderJpegWithin } from '../images/render.ts';
import { statePaths } from '../state/paths.ts';
import { createThumbnails } from '../images/thumbnail.ts';
import { createUploadStore, uploadsFolder } from '../images/upload-store.ts';
import { createNotices } from '../notion/webhook/webhook.ts';
import type { Budget } from '../chain/budget.ts';
import type { Chain } from '../chain/chain.ts';
import { knownProviders } from '../providers/registry.ts';
import type { ImageJob, ServerParts } from '../server/parts.ts';
import { weakSecret } from '../server/check.ts';
import { createServer } from '../server/server.ts';
import { newEntry } from '../posts/entry.ts';
import type { Passes } from '../worker/pass-runner.ts';
import { makePicture } from '../generation/generate.ts';
import { markAgain } from '../worker/row-source.ts';
import type { Schedule } from '../worker/schedule.ts';
import { why } from '../messages/row.ts';

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
  passes: Passes;
  schedule: Schedule;
  /** Reads the board's schema. */
  open: () => Promise<BoardFacts>;
  /** What was read of it last. */
  known: () => BoardFacts | undefined;
}

/** How long after a job's time the chain may still say what came of it. */
const graceMs = 1000;
/** Tokens of webhooks to be verified that are kept; a stranger's may be among them. */
const mostTokens = 10;

/** The HTTP server of a running worker, listening. @throws {ConfigError} when it cannot listen. */
export async function openServer(
  config: Config,
  worker: WorkerParts,
): Promise<{ url: string; close(): Promise<void> }> {
  const weak = weakSecret(config.server);
  if (weak !== undefined) worker.log.warn({}, weak);
  const server = await createServer(await joinServerParts(config, worker), config.server);
  try {
    const url = await server.listen();
    worker.log.info({ url }, `Status page and HTTP API: ${url}`);
    return { url, close: () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function joinServerParts(config: Config, worker: WorkerParts): Promise<ServerParts> {
  const { clock, log, signal, events, board, chain, budget, health, passes, schedule, open, known } = worker;
  const { imagesDir: folder, server: settings } = config;
  const { tally, webhookToken, temporary } = statePaths(folder);
  const gallery = createGallery({ folder, isPicture: isBoardImage, clock, log });
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
    providers: providersOf(config),
    chain,
    generate: (job) => generate(job, config, worker, galleries),
    passes,
    board: {
      isOnNotion: /(?:^|\.)notion\.com$/.test(new URL(config.notion.apiUrl).hostname),
      async look() {
        const { title, url } = known() ?? (await open());
        const waiting = await board.pending();
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
        if (!known()) await open();
        return markAgain(board, postId);
      },
    },
    budget,
    health: { ...health, facts: () => ({ ...health.facts(), alerts: health.troubles() }) },
    pictures: gallery,
    uploads: galleries,
    folders: { pictures: folder, uploads: uploadsFolder(folder) },
    thumbnail: createThumbnails({ log }),
    notice: createNotices({
      verificationToken: settings.notionWebhookToken,
      secret: settings.webhookSecret,
      clock,
      log,
      async keepToken(token) {
        const earlier = ((await readIfPresent(webhookToken))?.toString() ?? '').split('\n').filter(Boolean);
        const lines = [...earlier, `${new Date(clock.now()).toISOString()} ${token}`].slice(-mostTokens);
        await writeAtomic(webhookToken, `${lines.join('\n')}\n`, temporary, 0o600);
        return webhookToken;
      },
      board: () => {
        const ids = known()?.ids;
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

async function generate(
  { request, userId, allowPlaceholder, signal }: ImageJob,
  { imagesDir: folder, rowTimeoutMs }: Config,
  { chain, clock, log, events, workerId }: WorkerParts,
  galleries: { added(userId: string, file: string): void },
) {
  const told: Attempt[] = [];
  /** Since when a provider is asked, on the monotonic clock, and not waited for. */
  let askedAt = Number.POSITIVE_INFINITY;
  const parts = {
    chain: allowPlaceholder ? chain : chain.real,
    store: createUploadStore({ folder, workerId, userId }),
    journal: noJournal,
    shrink: renderJpegWithin,
    clock,
    log,
    rowTimeoutMs,
    watch: {
      asking: () => void (askedAt = clock.monotonic()),
      attempted(_: string, attempt: Attempt) {
        askedAt = Number.POSITIVE_INFINITY;
        told.push(attempt);
        events.emit('attempt', attempt);
      },
    },
  };
  // The whole of it has one row's time, with the wait for a slot: somebody is waiting for the answer. The chain's own end comes first.
  const made = withDeadline(rowTimeoutMs + graceMs, signal, (signal) =>
    makePicture(newEntry('none', '', 0), request, parts, signal),
  );
  const { image, facts, attempts } = await made.catch((error: unknown) => {
    if (!(error instanceof DeadlineError)) throw error;
    const isAsked = clock.monotonic() - askedAt > 2 * graceMs;
    const words = isAsked ? error.message : `no provider had a free place within ${Math.round(rowTimeoutMs / 1000)} s`;
    throw new ChainExhaustedError(told, new ProviderError('timeout', words, { cause: error }));
  });
  galleries.added(userId, image.path);
  const { provider, model, seed, costUsd, generatedAt, warnings } = facts;
  return {
    filename: image.path,
    provider,
    model,
    ...(seed !== undefined && { seed }),
    costUsd,
    why: why(attempts, generatedAt, warnings),
    attempts,
  };
}

/** In the order of the chain, those that are not configured last. */
function providersOf({ providers }: Config): ServerParts['providers'] {
  const names = new Set(providers.map(({ name }) => name));
  return [
    ...providers.map(({ name, label }) => ({ name, label, configured: true })),
    ...knownProviders.filter(({ name }) => !names.has(name)).map((provider) => ({ ...provider, configured: false })),
  ];
}

function readVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../..', 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

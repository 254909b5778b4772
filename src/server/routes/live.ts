import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listen, type Listeners } from '../../core/events.ts';
import { createBoardView } from '../../monitoring/overview/board-view.ts';
import { createBroadcast } from '../broadcast.ts';
import { guardedAnswers, HttpError, stopping } from '../http-error.ts';
import { buildOverview, type Viewer } from '../../monitoring/overview/overview.ts';
import type { ServerParts } from '../parts.ts';
import { openTally } from '../../monitoring/overview/tally.ts';

/** How old the last look at the board may be for a viewer who has just come. */
const newViewerAgeMs = 15_000;
/** How often the board is looked at while anyone watches and no pass does it. */
const watchedAgeMs = 30_000;

const overviewSchema = z
  .looseObject({ at: z.iso.datetime() })
  .meta({ description: 'Everything that the status page shows: rows, pictures, providers, spend.' });

const streamSchema = z.unknown().meta({ description: 'A stream of type text/event-stream.' });

const routeSchema = <A extends z.ZodType>(summary: string, answer: A) => {
  return { tags: ['status page'], summary, response: guardedAnswers({ 200: answer }) };
};
const overviewRoute = routeSchema('Everything at a glance', overviewSchema);
const eventsRoute = routeSchema('The overview whenever it changes, as server-sent events', streamSchema);

/** What the status page shows, as one answer and as a stream of events. */
export function liveRoutes(parts: ServerParts): FastifyPluginAsyncZod {
  return async (app) => {
    const { clock, log, events, signal } = parts;
    const tally = await openTally({ file: parts.tally, clock, log, events });
    const board = createBoardView({ board: parts.board, events, clock, log, onLook: () => broadcast.changed() });
    const sources = { ...parts, rows: board, record: app.providerRecord, tally };
    const isPassRunning = () => parts.passes.recent().some(({ state }) => state === 'running');
    const broadcast = createBroadcast<Viewer>({
      clock,
      log,
      content: (viewer) => buildOverview(sources, viewer),
      beforeEach: () => isPassRunning() || board.look(watchedAgeMs),
    });

    const shown = [
      'pass',
      'pendingRead',
      'taken',
      'asking',
      'attempt',
      'outcome',
      'paused',
    ] satisfies (keyof Listeners)[];
    const unlisten = listen(events, Object.fromEntries(shown.map((event) => [event, broadcast.changed])));
    signal.addEventListener('abort', broadcast.close, { once: true });
    // Before the server waits for its connections to end.
    app.addHook('preClose', async () => broadcast.close());
    app.addHook('onClose', async () => {
      unlisten();
      signal.removeEventListener('abort', broadcast.close);
      board.close();
      await tally.saved();
    });

    app.get('/api/overview', { schema: overviewRoute }, async (request) => {
      board.look(newViewerAgeMs);
      return { ...(await buildOverview(sources, viewerOf(request))) };
    });

    // A HEAD request would leave a stream behind that nobody reads.
    app.get('/api/events', { schema: eventsRoute, exposeHeadRoute: false }, async (request, reply) => {
      if (signal.aborted) throw stopping();
      if (broadcast.isFull(viewerOf(request))) throw tooManyPages();
      board.look(newViewerAgeMs);
      const stream = new Readable({ read: () => broadcast.resumed(stream) });
      broadcast.join(stream, viewerOf(request), request.identity.until);
      const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
      return reply.headers(headers).send(stream);
    });
  };
}

function viewerOf({ identity }: FastifyRequest): Viewer {
  return { id: identity.id, name: identity.name, canLogOut: identity.via === 'cookie' };
}

function tooManyPages(): HttpError {
  const message = 'Too many pages are open: ask /api/overview now and then instead.';
  return new HttpError(503, 'No stream to be had', message, { headers: { 'retry-after': '10' } });
}

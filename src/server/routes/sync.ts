import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { guardedAnswers, HttpError, notFound, stopping } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';

const passState = z.object({
  id: z.string(),
  reason: z.enum(['start', 'schedule', 'request', 'notice']),
  state: z.enum(['queued', 'running', 'done', 'failed', 'stopped']),
  requestedAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  summary: z
    .object({
      done: z.number(),
      failed: z.number(),
      skipped: z.number(),
      providers: z.record(z.string(), z.number()),
      costUsd: z.number(),
      possibleUsd: z.number(),
      durationMs: z.number(),
    })
    .optional(),
  error: z.string().optional(),
});

const passUnknown = 'No such pass is known: only the last ones are remembered, and none from before a restart.';

const begun = z.object({ id: z.string(), state: passState.shape.state, statusUrl: z.string() });

/** `POST /api/sync`: a pass over the board now; `GET /api/sync/:id`: what became of it. */
export function syncRoutes({ passes, redact }: ServerParts): FastifyPluginAsyncZod {
  return async (app) => {
    const start = {
      tags: ['worker'],
      summary: 'Look at the board now',
      response: guardedAnswers({ 202: begun.describe('A pass waits or begins.') }, 409),
    };
    app.post('/api/sync', { schema: start }, async (_, reply) => {
      if (passes.pausedSince() !== undefined) {
        const message = 'Passes are paused: resume them first, with POST /api/resume or on the status page.';
        throw new HttpError(409, 'Paused', message);
      }
      const pass = passes.request('request');
      if (!pass) throw stopping();
      const statusUrl = `/api/sync/${encodeURIComponent(pass.id)}`;
      return reply.code(202).header('location', statusUrl).send({ id: pass.id, state: pass.state, statusUrl });
    });

    const status = {
      tags: ['worker'],
      summary: 'What became of a pass',
      params: z.object({ id: z.string() }),
      response: guardedAnswers({ 200: passState.describe('The pass.') }, 404),
    };
    app.get('/api/sync/:id', { schema: status }, async ({ params: { id } }) => {
      const pass = passes.find(id);
      if (!pass) throw notFound(passUnknown);
      return pass.error === undefined ? pass : { ...pass, error: redact(pass.error) };
    });
  };
}

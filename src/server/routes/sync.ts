import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { passStateSchema } from '../../core/pass.ts';
import { guardedAnswers, HttpError, notFound, stopping } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';

/** Which rows a pass is over concerns the worker alone. */
const passState = passStateSchema.omit({ scope: true });
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

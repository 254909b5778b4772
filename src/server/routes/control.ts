import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { BoardError, ConfigError } from '../../core/errors.ts';
import { guardedAnswers, HttpError, notFound } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

const pauseAnswer = z.object({ paused: z.boolean(), since: z.string().nullable() }).describe('How it stands now.');

const retryAnswer = z
  .object({ id: z.string(), pass: z.string().optional().describe('The pass that will take it; absent while paused.') })
  .describe('The row waits again.');

function pauseSchema(summary: string) {
  return { tags: ['worker'], summary, response: guardedAnswers({ 200: pauseAnswer }) };
}

/** What the status page's buttons do: pause, resume, try a row again, ask a provider again. */
export function controlRoutes(parts: ServerParts): FastifyPluginAsyncZod {
  const { passes, board, chain, providers } = parts;
  const state = () => {
    const since = passes.pausedSince();
    return { paused: since !== undefined, since: since ?? null };
  };

  return async (app) => {
    app.post('/api/pause', { schema: pauseSchema('Pause passes; what runs is finished') }, async () => {
      await passes.pause();
      return state();
    });
    app.post('/api/resume', { schema: pauseSchema('Let passes go on') }, async () => {
      await passes.resume();
      return state();
    });

    const retry = {
      tags: ['worker'],
      summary: 'Try a failed row again',
      params: z.object({ id: z.string().regex(uuid, 'id is not the id of a row: give the uuid of its page.') }),
      response: guardedAnswers({ 202: retryAnswer }, 400, 404, 409, 502),
    };
    app.post('/api/rows/:id/retry', { schema: retry }, async ({ params }, reply) => {
      const { id } = await retried(dashed(params.id), parts);
      const pass = passes.request('request', id);
      return reply.code(202).send({ id, ...(pass && { pass: pass.id }) });
    });

    const askAgain = {
      tags: ['worker'],
      summary: 'Ask a provider again, whatever is remembered of it',
      params: z.object({ name: z.string() }),
      response: guardedAnswers({ 200: z.object({ name: z.string() }).describe('It is asked again.') }, 404),
    };
    app.post('/api/providers/:name/ask-again', { schema: askAgain }, async ({ params: { name } }) => {
      if (!providers.some((provider) => provider.name === name && provider.configured)) {
        throw notFound('No provider of that name is configured: GET /api/ai/image-status lists them.');
      }
      await chain.forget(name);
      return { name };
    });
  };

  async function retried(id: string, { log }: ServerParts) {
    try {
      return await board.retry(id);
    } catch (error) {
      if (error instanceof BoardError) throw boardAnswer(error);
      if (!(error instanceof ConfigError)) throw error;
      log.error({ err: error }, 'HTTP: a row cannot be tried again');
      throw new HttpError(502, 'Board not usable', error.message, { cause: error });
    }
  }
}

function boardAnswer(error: BoardError): HttpError {
  switch (error.failure) {
    case 'gone':
      return notFound(error.message);
    case 'refused':
      return new HttpError(409, 'Board refused', error.message, { cause: error });
    case 'unreachable':
      return new HttpError(502, 'Board out of reach', error.message, { cause: error });
  }
}

/** A row's id as the board writes it. */
function dashed(id: string): string {
  const hex = id.replaceAll('-', '').toLowerCase();
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { verdictMessages } from '../../messages/health.ts';
import type { ServerParts } from '../parts.ts';

const config = { access: 'open', rateLimit: false } as const;

const open = { tags: ['health'], security: [] };
const answer = <S extends string>(status: S) => z.object({ status: z.literal(status), reason: z.string() });

/** `GET /healthz` and `GET /readyz`: what is known already, so that nothing slow can hold them up. */
export function healthRoutes({ health, redact, signal }: ServerParts): FastifyPluginAsyncZod {
  const stopping = { ok: false, reason: verdictMessages.stopping };

  return async (app) => {
    const live = {
      ...open,
      summary: 'Is the process alive?',
      response: { 200: answer('ok').describe('It is.'), 503: answer('dead').describe('It is not: start it again.') },
    };
    app.get('/healthz', { config, schema: live }, async (_, reply) => {
      const { ok, reason } = health.liveness();
      if (ok) return { status: 'ok' as const, reason: redact(reason) };
      return reply.code(503).send({ status: 'dead', reason: redact(reason) });
    });

    const ready = {
      ...open,
      summary: 'Does the worker do its work?',
      response: {
        200: answer('ready').extend({ lastGoodPassAt: z.string().nullable() }).describe('It does.'),
        503: answer('not ready').describe('It does not, and why.'),
      },
    };
    app.get('/readyz', { config, schema: ready }, async (_, reply) => {
      const readiness = health.readiness();
      const bad = [signal.aborted ? stopping : undefined, health.liveness(), readiness].find(
        (verdict) => verdict?.ok === false,
      );
      if (bad) return reply.code(503).send({ status: 'not ready', reason: redact(bad.reason) });
      const { lastGoodAt = null } = health.facts().passes;
      return { status: 'ready' as const, reason: redact(readiness.reason), lastGoodPassAt: lastGoodAt };
    });
  };
}

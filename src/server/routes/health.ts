import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { verdictMessages } from '../../messages/health.ts';
import type { ServerParts } from '../parts.ts';

const config = { access: 'open', rateLimit: false } as const;

/** `GET /healthz` and `GET /readyz`: what is known already, so that nothing slow can hold them up. */
export function healthRoutes({ health, redact, signal }: ServerParts): FastifyPluginAsyncZod {
  const stopping = { ok: false, reason: verdictMessages.stopping };

  return async (app) => {
    const live = {
      tags: ['health'],
      summary: 'Is the process alive?',
      security: [],
      response: {
        200: z.object({ status: z.literal('ok'), reason: z.string() }).describe('It is.'),
        503: z.object({ status: z.literal('dead'), reason: z.string() }).describe('It is not: start it again.'),
      },
    };
    app.get('/healthz', { config, schema: live }, async (_, reply) => {
      const { ok, reason } = health.liveness();
      if (ok) return { status: 'ok' as const, reason: redact(reason) };
      return reply.code(503).send({ status: 'dead', reason: redact(reason) });
    });

    const ready = {
      tags: ['health'],
      summary: 'Does the worker do its work?',
      security: [],
      response: {
        200: z
          .object({ status: z.literal('ready'), reason: z.string(), lastGoodPassAt: z.string().nullable() })
          .describe('It does.'),
        503: z.object({ status: z.literal('not ready'), reason: z.string() }).describe('It does not, and why.'),
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

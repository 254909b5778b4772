import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { z } from 'zod';
import { countEvents } from '../../monitoring/metrics/event-metrics.ts';
import { guardedAnswers } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';
import { showState } from '../../monitoring/metrics/state-metrics.ts';

let sharedRegistry: Registry | undefined;

/**
 * The process's own numbers. All servers of the process show the same ones, because neither the timer nor the observer of
 * prom-client's collectors can be stopped (15.1, 2026-11); neither keeps the process alive.
 */
function processMetrics(): Registry {
  if (!sharedRegistry) {
    sharedRegistry = new Registry();
    collectDefaultMetrics({ register: sharedRegistry });
  }
  return sharedRegistry;
}

/** GET /metrics, for Prometheus. */
export function metricsRoutes(parts: ServerParts): FastifyPluginAsyncZod {
  return async (app) => {
    const registry = Registry.merge([processMetrics()]);
    showState(parts, registry);
    const leave = countEvents(parts, registry);
    app.addHook('onClose', async () => leave());

    const answer = { description: 'The metrics.', content: { 'text/plain': { schema: z.string() } } };
    const schema = {
      tags: ['operation'],
      summary: 'What the worker counts and measures, in the text format of Prometheus',
      response: guardedAnswers({ 200: answer }),
    };
    app.get('/metrics', { schema }, async (_request, reply) =>
      reply.type(registry.contentType).send(withNaN(await registry.metrics())),
    );
  };
}

/** A value that is no number is "NaN" in Prometheus' text format, and "Nan" in prom-client's (15.1, 2026-11). */
function withNaN(text: string): string {
  return text.replaceAll(/ Nan$/gm, ' NaN');
}

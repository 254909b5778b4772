import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isoTime } from '../../lib/dates.ts';
import { guardedAnswers } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';
import type { ProviderRecord } from '../../monitoring/overview/provider-record.ts';

const providerStatus = z.object({
  name: z.string(),
  label: z.string(),
  configured: z.boolean(),
  state: z.string().describe('ready, not_configured, or why it is left out at the moment, such as out_of_credit.'),
  until: z.string().nullable().describe('ISO 8601: when it is asked again.'),
  lastError: z.string().nullable().describe('What it said when it last failed.'),
  medianMs: z.number().nullable().describe('How long its last pictures took, in ms.'),
});

const answer = z.object({ providers: z.array(providerStatus) }).describe('Every provider.');

/** `GET /api/ai/image-status`: how each provider stands. */
export function imageStatusRoutes(parts: ServerParts): FastifyPluginAsyncZod {
  return async (app) => {
    const response = guardedAnswers({ 200: answer });
    const schema = { tags: ['pictures'], summary: 'How each provider stands', response };
    app.get('/api/ai/image-status', { schema }, async () => ({ providers: statusOf(parts, app.providerRecord) }));
  };
}

function statusOf({ providers, chain, clock, redact }: ServerParts, record: ProviderRecord) {
  const now = clock.now();
  const states = new Map(chain.state().map((state) => [state.name, state]));
  return providers.map(({ name, label, configured }) => {
    const { breaker, admits } = states.get(name) ?? {};
    const trouble = admits || !breaker || breaker.kind === 'closed' ? undefined : breaker.lockout;
    const leftOut = trouble?.code ?? (admits ? 'ready' : 'over_budget');
    const { lastError, medianMs } = record.of(name);
    return {
      name,
      label,
      configured,
      state: configured ? leftOut : 'not_configured',
      until: trouble && trouble.until > now ? isoTime(trouble.until) : null,
      lastError: lastError ? redact(lastError.message) : null,
      medianMs: medianMs ?? null,
    };
  });
}

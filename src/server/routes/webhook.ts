import { STATUS_CODES } from 'node:http';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorAnswers, HttpError } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';

const noticesPerMinute = 600;

/** `POST /webhooks/notion`: open, with a proof of its own over the body as it came in. */
export function webhookRoutes(parts: ServerParts): FastifyPluginAsyncZod {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(/^application\/(?:[\w.+-]+\+)?json\b/, { parseAs: 'buffer' }, (_, body, done) =>
      done(null, body),
    );
    const schema = {
      tags: ['notices'],
      summary: "Notion's notices, and those of buttons and automations",
      description:
        "Proof is Notion's signature over the body (NOTION_WEBHOOK_TOKEN), or WEBHOOK_SECRET as Bearer or X-Webhook-Secret.",
      security: [],
      response: {
        200: z.object({ message: z.string() }).describe('What was done about it.'),
        ...errorAnswers(400, 401, 413, 415, 429, 500, 503),
      },
    };
    const config = { access: 'open', perAddress: noticesPerMinute } as const;
    app.post('/webhooks/notion', { config, schema }, async ({ body, headers }) => {
      const { status, message } = await parts.notice(body instanceof Uint8Array ? body : new Uint8Array(), headers);
      if (status >= 400) throw new HttpError(status, STATUS_CODES[status] ?? 'Refused', message);
      return { message: parts.redact(message) };
    });
  };
}

import { randomInt } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { ImageRequest } from '../../core/image.ts';
import { giveCookie } from '../auth/cookies.ts';
import { HttpError } from '../http-error.ts';
import { createImageLimits } from '../limits.ts';
import type { ServerParts } from '../parts.ts';
import type { ServerSettings } from '../settings.ts';
import { failureAnswer } from './generate-failure.ts';
import { generateAnswers, generateBody, plain } from './generate-schema.ts';

const schema = {
  tags: ['pictures'],
  summary: 'Make a picture',
  description: 'Asks the providers in their order, and answers when the picture is made. Going away ends it.',
  body: generateBody,
  response: generateAnswers,
};

/** `POST /api/ai/generate-image`: an image by the same chain that serves the rows. */
export function generateImageRoutes(parts: ServerParts, settings: ServerSettings): FastifyPluginAsyncZod {
  const { clock, redact } = parts;
  return async (app) => {
    const limits = createImageLimits(app, settings);
    app.post('/api/ai/generate-image', { schema }, async (request, reply) => {
      const { identity, body } = request;
      const leave = await limits.enter(request);
      const startedAt = clock.monotonic();
      const asked = imageRequest(body);
      const job = { request: asked, userId: identity.id, allowPlaceholder: body.allowPlaceholder ?? false };
      try {
        const image = await whileCallerWaits(reply.raw, parts.signal, (signal) => parts.generate({ ...job, signal }));
        if (app.credentials) giveCookie(reply, app.credentials, identity, 'uploads');
        const { prompt, seed, width, height } = asked;
        const made = { prompt, seed, width, height, ...image, why: redact(image.why) };
        return {
          success: true as const,
          imageUrl: `/uploads/images/user-${identity.id}/${image.filename}`,
          userId: identity.id,
          processingTime: Math.round(clock.monotonic() - startedAt),
          ...made,
        };
      } catch (error) {
        if (reply.raw.destroyed) throw callerGone();
        throw failureAnswer(error, parts, app.providerRecord);
      } finally {
        leave();
      }
    });
  };
}

/** Does the work with a signal that ends it when the caller goes away or the server stops. */
async function whileCallerWaits<T>(
  response: ServerResponse,
  shutdown: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onShutdown = () => controller.abort(shutdown.reason);
  const onClose = () => controller.abort(callerGone());
  shutdown.addEventListener('abort', onShutdown);
  response.once('close', onClose);
  if (shutdown.aborted) onShutdown();
  else if (response.destroyed) onClose();
  try {
    return await work(controller.signal);
  } finally {
    shutdown.removeEventListener('abort', onShutdown);
    response.removeListener('close', onClose);
  }
}

/** Nobody reads it: the connection is cut. The status is nginx's word for it. */
function callerGone(): HttpError {
  return new HttpError(499, 'Client closed request', 'The caller went away, and the picture was given up.');
}

function imageRequest(body: z.output<typeof generateBody>): ImageRequest {
  const { prompt, width, height, steps, cfgScale, seed } = body;
  const negativePrompt = plain(body.negativePrompt ?? '');
  const chosen = seed ?? -1;
  return {
    prompt,
    ...(negativePrompt !== '' && { negativePrompt }),
    width: width ?? 512,
    height: height ?? 512,
    steps: steps ?? 20,
    cfgScale: cfgScale ?? 7,
    sampler: plain(body.sampler ?? '') || 'Euler a',
    seed: chosen < 0 ? randomInt(2 ** 31) : chosen,
  };
}

import { randomInt } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { ImageRequest } from '../../core/image.ts';
import { giveCookie } from '../auth/cookies.ts';
import { failureAnswer } from './generate-failure.ts';
import { generateAnswers, generateBody, plain } from './generate-schema.ts';
import { callerGone, createJobs } from './jobs.ts';
import { createPictureLimits } from '../limits.ts';
import type { ServerParts, ServerSettings } from '../parts.ts';

/** `POST /api/ai/generate-image`: a picture by the same chain that serves the rows. */
export function generateImageRoutes(parts: ServerParts, settings: ServerSettings): FastifyPluginAsyncZod {
  const { clock, redact } = parts;
  return async (app) => {
    const limits = createPictureLimits(app, settings);
    const jobs = createJobs(parts.signal);
    app.addHook('onClose', async () => jobs.close());
    const schema = {
      tags: ['pictures'],
      summary: 'Make a picture',
      description: 'Asks the providers in their order, and answers when the picture is made. Going away ends it.',
      body: generateBody,
      response: generateAnswers,
    };
    app.post('/api/ai/generate-image', { schema }, async (request, reply) => {
      const { identity } = request;
      const leave = await limits.enter(request);
      const job = jobs.begin(reply.raw);
      const startedAt = clock.monotonic();
      const asked = imageRequest(request.body);
      try {
        const picture = await parts.generate({
          request: asked,
          userId: identity.id,
          allowPlaceholder: request.body.allowPlaceholder ?? false,
          signal: job.signal,
        });
        if (app.credentials) giveCookie(reply, app.credentials, identity, 'uploads');
        const { filename, provider, model, costUsd, why, seed = asked.seed } = picture;
        return {
          success: true as const,
          imageUrl: `/uploads/images/user-${identity.id}/${filename}`,
          filename,
          prompt: asked.prompt,
          userId: identity.id,
          provider,
          model,
          processingTime: Math.round(clock.monotonic() - startedAt),
          seed,
          width: asked.width,
          height: asked.height,
          why: redact(why),
          costUsd,
        };
      } catch (error) {
        if (reply.raw.destroyed) throw callerGone();
        throw failureAnswer(error, parts, app.providerRecord);
      } finally {
        job.end();
        leave();
      }
    });
  };
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

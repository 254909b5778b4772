import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { parseJson } from '../../lib/json.ts';
import { badImage, decodeImage } from '../image.ts';
import { quoteAnswer } from '../quote.ts';

const answerSchema = z.object({ images: z.array(z.unknown()).nullable(), info: z.unknown().optional() });

/** The image in an answer with status 200, unproven, and what the server says of it. @throws {ProviderError} `bad_image`, or `unavailable` when the server failed to draw. */
export function readImage(label: string, answer: HttpAnswer, toRedact: readonly string[] = []) {
  const json = answer.json();
  const body = answerSchema.safeParse(json).data;
  if (body === undefined) {
    const said = json === undefined ? quoteAnswer(answer, toRedact) : 'other JSON';
    throw badImage(`${label} sent ${said} instead of a picture`);
  }
  const info = readInfo(body.info);
  const images = body.images ?? [];
  // An overview of several images may come before them.
  const image = images[info.index_of_first_image] ?? images[0];
  // So SD.Next answers when drawing failed; koboldcpp sends an empty text.
  if (image === undefined || image === '' || image === null) {
    const message = `${label} made no picture: its own log says why`;
    throw new ProviderError('unavailable', message, { status: 200, sent: true });
  }
  if (typeof image !== 'string') throw badImage(`${label} sent something other than a picture`);
  const { sd_model_name: checkpoint, sd_model_hash: checkpointHash, seed } = info;
  return { bytes: decodeImage(label, image), seed, checkpoint, checkpointHash };
}

const name = z.string().trim().min(1).max(200).optional().catch(undefined);
const infoSchema = z.object({
  seed: z.number().int().nonnegative().optional().catch(undefined),
  sd_model_name: name,
  sd_model_hash: name,
  index_of_first_image: z.number().int().nonnegative().catch(0),
});

/** `info` is JSON in a string; forks send less, nothing, or plain words. */
export function readInfo(info: unknown): z.infer<typeof infoSchema> {
  const parsed = infoSchema.safeParse(typeof info === 'string' ? parseJson(info) : info);
  return parsed.data ?? infoSchema.parse({});
}

import { z } from 'zod';
import type { HttpAnswer } from '../../lib/http/client.ts';

export const predictionId = z.string().regex(/^[\w-]{1,100}$/);
const predictionSchema = z.object({
  id: predictionId,
  status: z.string().max(100),
  /** The image's address. */
  output: z
    .union([z.string().min(1), z.tuple([z.string().min(1)], z.unknown()).transform(([first]) => first)])
    .optional()
    .catch(undefined),
  error: z.unknown(),
});
/** A prediction as it was last seen. */
export type Prediction = z.infer<typeof predictionSchema> & { answer: HttpAnswer };

const failed = new Set(['failed', 'canceled', 'aborted']);

/** The prediction in an answer; undefined when there is none. */
export function readPrediction(answer: HttpAnswer): Prediction | undefined {
  if (answer.status < 200 || answer.status > 299) return undefined;
  const prediction = predictionSchema.safeParse(answer.json()).data;
  return prediction && { ...prediction, answer };
}

/** Has it come to nothing? */
export function isDead({ status, output }: Prediction): boolean {
  return failed.has(status) || (status === 'succeeded' && output === undefined);
}

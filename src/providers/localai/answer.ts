import { z } from 'zod';
import type { HttpAnswer } from '../../lib/http/client.ts';

const given = z.string().min(1).optional().catch(undefined);
const answerSchema = z.object({ data: z.tuple([z.object({ b64_json: given, url: given })], z.unknown()) });

/** The image in an answer with a 2xx status, in base64, or its address; undefined when it holds none. */
export function referenceIn(answer: HttpAnswer): string | undefined {
  const item = answerSchema.safeParse(answer.json()).data?.data[0];
  return item?.b64_json ?? item?.url;
}

import { z } from 'zod';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { mediaTypeOf } from '../../lib/media-type.ts';

const jobSchema = z.object({
  id: z.string().regex(/^[\w-]{1,200}$/),
  status: z.enum(['IN_QUEUE', 'IN_PROGRESS', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT']),
  /** Whatever the worker returned. */
  output: z.unknown().optional(),
});

/** A job as it was last seen. EXPIRED: RunPod does not know it any more. */
export type Job = Omit<z.infer<typeof jobSchema>, 'status'> & {
  status: z.infer<typeof jobSchema>['status'] | 'EXPIRED';
  answer: HttpAnswer;
};

/** The job in an answer; undefined when there is none. */
export function readJob(answer: HttpAnswer): Job | undefined {
  const job = answer.status < 200 || answer.status > 299 ? undefined : jobSchema.safeParse(answer.json()).data;
  return job && { ...job, answer };
}

export function isPending({ status }: Job): boolean {
  return status === 'IN_QUEUE' || status === 'IN_PROGRESS' || status === 'RUNNING';
}

/** Names under which workers return images, the most telling first; a plain text or list is looked at as well. */
const names = [
  'image_url',
  'image_urls',
  'images',
  'image',
  'b64_json',
  'base64',
  'url',
  'urls',
  'data',
  'message',
  'result',
  'output',
  'outputs',
];
const maxDepth = 5;
const maxUrlLength = 4096;

/** The image's address, or the image in base64, in whatever form the worker put it. */
export function referenceIn(output: unknown, depth = 0): string | undefined {
  if (typeof output === 'string') return isUrl(output) || isImage(output) ? output : undefined;
  if (typeof output !== 'object' || output === null || depth > maxDepth) return undefined;
  const fields = new Map<string, unknown>(Object.entries(output));
  const candidates: unknown[] = Array.isArray(output) ? output : names.map((name) => fields.get(name));
  for (const candidate of candidates) {
    const reference = referenceIn(candidate, depth + 1);
    if (reference !== undefined) return reference;
  }
  return undefined;
}

function isUrl(text: string): boolean {
  return text.length <= maxUrlLength && /^https?:\/\/\S+$/i.test(text);
}

function isImage(text: string): boolean {
  const base64 = text.slice(0, 200).replace(/^data:[^,]{0,100},/, '');
  return mediaTypeOf(Buffer.from(base64, 'base64')) !== undefined;
}

const costSchema = z.object({ cost: z.number().min(0).max(100) });

/** What the image cost, in US dollars, where the endpoint tells. */
export function costIn(output: unknown): number | undefined {
  return costSchema.safeParse(output).data?.cost;
}

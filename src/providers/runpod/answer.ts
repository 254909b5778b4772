import { z } from 'zod';
import { mediaTypeOf } from '../huggingface/answer.ts';

/** Names under which workers return pictures, the most telling first; a plain text or list is looked at as well. */
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
const dataPrefix = /^data:[^,]{0,100},/;

/** The picture's address, or the picture in base64, in whatever form the worker put it. */
export function referenceIn(output: unknown, depth = 0): string | undefined {
  if (typeof output === 'string') return isUrl(output) || isPicture(output) ? output : undefined;
  if (typeof output !== 'object' || output === null || depth > maxDepth) return undefined;
  const fields = new Map<string, unknown>(Object.entries(output));
  const candidates: unknown[] = Array.isArray(output) ? output : names.map((name) => fields.get(name));
  for (const candidate of candidates) {
    const reference = referenceIn(candidate, depth + 1);
    if (reference !== undefined) return reference;
  }
  return undefined;
}

/** Is it an address, and not the picture itself? */
export function isUrl(reference: string): boolean {
  return reference.length <= maxUrlLength && /^https?:\/\/\S+$/i.test(reference);
}

/** The picture in a reference that is no address. */
export function decodePicture(reference: string): Uint8Array {
  return Buffer.from(reference.replace(dataPrefix, ''), 'base64');
}

const costSchema = z.object({ cost: z.number().min(0).max(100) });

/** What the picture cost, in US dollars, where the endpoint tells. */
export function costIn(output: unknown): number | undefined {
  return costSchema.safeParse(output).data?.cost;
}

function isPicture(text: string): boolean {
  return mediaTypeOf(decodePicture(text.slice(0, 200))) !== undefined;
}

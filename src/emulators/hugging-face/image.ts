import sharp from 'sharp';
import { z } from 'zod';

const side = z.number().int().min(64).max(2048);
const requestSchema = z.object({
  prompt: z.string().min(1).optional(),
  inputs: z.string().min(1).optional(),
  seed: z.number().int().nonnegative().optional(),
  width: side.optional(),
  height: side.optional(),
  size: z
    .string()
    .regex(/^\d{2,4}[x*]\d{2,4}$/)
    .optional(),
  image_size: z.object({ width: side, height: side }).optional(),
});
const bodySchema = requestSchema.extend({ parameters: requestSchema.optional(), input: requestSchema.optional() });

/** The prompt of a partner's request. */
export function promptIn(body: unknown): string | undefined {
  const { data } = bodySchema.safeParse(body);
  return data?.prompt ?? data?.inputs ?? data?.input?.prompt;
}

/** The size and seed that a partner's request asks for. */
export function sizeAndSeedIn(body: unknown): { width: number; height: number; seed: number } {
  const { data } = bodySchema.safeParse(body);
  const asked = data?.parameters ?? data?.input ?? data ?? {};
  const [width, height] = (asked.size ?? '').split(/[x*]/).map(Number);
  return {
    width: asked.width ?? asked.image_size?.width ?? (width || 512),
    height: asked.height ?? asked.image_size?.height ?? (height || 512),
    seed: asked.seed ?? 0,
  };
}

/** Soft clouds of colour that depend on the seed alone. */
export async function drawImage(width: number, height: number, seed: number): Promise<Uint8Array> {
  const grid = 8;
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const pixels = Uint8Array.from({ length: grid * grid * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return sharp(pixels, { raw: { width: grid, height: grid, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .png({ compressionLevel: 4 })
    .toBuffer();
}

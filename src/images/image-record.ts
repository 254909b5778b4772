import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import type { ImageRecord, Size } from '../core/image.ts';
import { parseJson } from '../lib/json.ts';
import { statIfPresent, readIfPresent } from '../state/files.ts';
import { maxImagePixels } from './inspect.ts';

const maxRecordBytes = 1024 * 1024;

const pixels = z.int().positive().optional().catch(undefined);

/** The image's JSON file: what must be there, and what may be missing. */
const record = z.object({
  file: z.string(),
  generatedAt: z.iso.datetime(),
  prompt: z.string(),
  provider: z.string(),
  model: z.string().catch(''),
  why: z.string().catch(''),
  costUsd: z.number().nonnegative().catch(0),
  width: pixels,
  height: pixels,
});

/** Reads `<stem>.json`, the record of the image of that name; undefined when there is none or it describes another image. */
export async function readImageRecord(folder: string, stem: string): Promise<ImageRecord | undefined> {
  const path = join(folder, `${stem}.json`);
  const facts = await statIfPresent(path);
  if (!facts?.isFile() || facts.size > maxRecordBytes) return undefined;
  const { data } = record.safeParse(parseJson(String(await readIfPresent(path))));
  if (!data || !['.png', '.jpg', '.webp'].includes(data.file.slice(stem.length)) || !data.file.startsWith(stem)) {
    return undefined;
  }
  const { width, height, ...details } = data;
  const size = width && height ? { width, height } : await sizeOf(join(folder, details.file));
  return size && { ...details, ...size };
}

async function sizeOf(file: string): Promise<Size | undefined> {
  try {
    const { width, height } = await sharp(file, { limitInputPixels: maxImagePixels }).metadata();
    return { width, height };
  } catch {
    return undefined;
  }
}

import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import type { ImageRecord } from '../core/image.ts';
import { look, readIfPresent } from '../state/files.ts';
import { maxImagePixels } from './inspect.ts';
import type { Size } from './inspect.ts';

const maxHistoryBytes = 1024 * 1024;

const pixels = z.int().positive().optional().catch(undefined);

/** What the history of a picture has to tell, and what it may lack. */
const history = z.object({
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

/** The picture of this name, without its ending, as `<stem>.json` tells of it; undefined when that is none or tells of another. */
export async function readImageRecord(folder: string, stem: string): Promise<ImageRecord | undefined> {
  const path = join(folder, `${stem}.json`);
  const facts = await look(path);
  if (!facts?.isFile() || facts.size > maxHistoryBytes) return undefined;
  const { data } = history.safeParse(parseJson(await readIfPresent(path)));
  if (!data || !['.png', '.jpg', '.webp'].includes(data.file.slice(stem.length)) || !data.file.startsWith(stem)) {
    return undefined;
  }
  const { width, height, ...told } = data;
  const size = width && height ? { width, height } : await sizeOf(join(folder, told.file));
  return size && { ...told, ...size };
}

/** From the picture's header; undefined when it has none. */
async function sizeOf(file: string): Promise<Size | undefined> {
  try {
    const { width, height } = await sharp(file, { limitInputPixels: maxImagePixels }).metadata();
    return { width, height };
  } catch {
    return undefined;
  }
}

function parseJson(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(String(bytes));
  } catch {
    return undefined;
  }
}

import { z } from 'zod';
import type { MediaType } from '../lib/media-type.ts';
import type { ImageView } from './overview.ts';

/** Width and height in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What is asked of a provider. `width` and `height` are the pixels the post needs; a provider that cannot do them exactly comes near. */
export interface ImageRequest {
  prompt: string;
  negativePrompt?: string;
  /** Pixels, 256–2048; so is the height. */
  width: number;
  height: number;
  /** 0…2^31−1. */
  seed: number;
  steps?: number;
  cfgScale?: number;
  sampler?: string;
  model?: string;
  /** The words a placeholder shows; without them it shows the prompt. Real providers never get it. */
  headline?: string;
  /** Name or label of the provider to ask first. */
  preferred?: string;
}

/** A provider's answer, untrusted until inspected. */
export interface GeneratedImage {
  bytes: Uint8Array;
  mediaType: MediaType;
  width: number;
  height: number;
  /** The provider's name, for example `huggingface`. */
  provider: string;
  /** The model's id; what the row's Model shows. */
  model: string;
  /** The word that file names start with: flux, hf, sd, localai, replicate, runpod or freeapi. */
  family: string;
  seed?: number;
  costUsd?: number;
  /** What could not be honoured, in words for the operator. */
  warnings?: string[];
}

/** An image that is safe on disk. */
export const savedImageSchema = z.object({
  /** File name, relative to the images folder. */
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  byteLength: z.int().nonnegative(),
  mediaType: z.enum(['image/png', 'image/jpeg', 'image/webp']),
  width: z.number(),
  height: z.number(),
});
export type SavedImage = z.infer<typeof savedImageSchema>;

/** How an image came about. */
export const provenanceSchema = z.object({
  provider: z.string(),
  model: z.string(),
  seed: z.number().exactOptional(),
  costUsd: z.number(),
  /** Wall-clock ms. */
  generatedAt: z.number(),
  /** What could not be honoured, in words for the operator. */
  warnings: z.array(z.string()).exactOptional(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** An image with how it came about. */
export const generatedFileSchema = z.object({ saved: savedImageSchema, provenance: provenanceSchema });
export type GeneratedFile = z.infer<typeof generatedFileSchema>;

/** An image on disk with its history. */
export interface ImageRecord extends Omit<ImageView, 'url' | 'thumbnailUrl'> {
  /** File name within its folder. */
  file: string;
}

/** An image about to be saved: already inspected and encoded. */
export interface EncodedImage {
  bytes: Uint8Array;
  mediaType: MediaType;
  width: number;
  height: number;
  /** See `GeneratedImage.family`. */
  family: string;
  /** Wall-clock ms; the time in the file name, in UTC. */
  takenAt: number;
}

/** The images on disk. An image appears under its name whole or not at all, and no name is ever given twice. */
export interface ImageStore {
  /**
   * Saves an image under the next free name. `intend` is called with the name and hash before the file appears under it, so
   * that a journal can note the image first: after a crash at any instant `find` returns the finished image.
   */
  save(image: EncodedImage, intend: (saved: SavedImage) => Promise<void>): Promise<SavedImage>;
  /** The image if its bytes are still there unharmed, finishing a save that was interrupted; else undefined. */
  find(image: SavedImage): Promise<SavedImage | undefined>;
  read(image: SavedImage): Promise<Uint8Array>;
  /** Writes a file beside the image, with its name and another ending (`.json`, `.jpg`), replacing an earlier one. */
  saveBeside(image: SavedImage, extension: string, bytes: Uint8Array): Promise<string>;
  /** Removes the image and everything beside it. */
  forget(image: SavedImage): Promise<void>;
}

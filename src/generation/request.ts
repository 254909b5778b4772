import { createHash } from 'node:crypto';
import type { ImageRequest } from '../core/image.ts';
import { keysOf } from '../lib/records.ts';
import { type Format, formats, type Post } from '../core/post.ts';
import { mistakes } from '../messages/row.ts';

/** Longest prompt that is sent on, in UTF-16 units; no provider reads more. */
const longestPrompt = 4000;
const side = { min: 256, max: 2048 };
const loneSurrogates = /\p{Surrogate}/gu;
const defaultFormat: Format = 'Square';

/** A row that cannot be asked of any provider: one sentence about its first mistake. */
export class RowMistake extends Error {
  override readonly name = 'RowMistake';
}

/** What the row asks for. @throws {RowMistake} when a number is out of its range or there is nothing to show. */
export function toImageRequest(post: Post, generation: number): ImageRequest {
  const { options } = post;
  const prompt = promptOf(post);
  if (prompt === '') throw new RowMistake(mistakes.nothingToShow);
  const steps = within('Steps', options.steps, 10, 50);
  const cfgScale = within('Guidance', options.cfgScale, 1, 20);
  const seed = within('Seed', options.seed, -1, 2 ** 31 - 1);
  const headline = headlineOf(post);
  return {
    prompt,
    ...sizeOf(post),
    seed: seed === undefined || seed < 0 ? seedOf(post.id, generation) : Math.floor(seed),
    ...(options.negativePrompt !== undefined && { negativePrompt: shorten(options.negativePrompt) }),
    ...(steps !== undefined && { steps: Math.round(steps) }),
    ...(cfgScale !== undefined && { cfgScale }),
    ...(options.sampler !== undefined && { sampler: options.sampler }),
    ...(headline !== '' && { headline }),
    ...(options.preferredProvider !== undefined && { preferred: options.preferredProvider }),
  };
}

/** The words that a placeholder shows. */
export function headlineOf(post: Post): string {
  return post.options.headline ?? post.title;
}

/** What is asked for in words: the prompt, or the title and caption where there is none; empty when there is neither. */
export function promptOf(post: Post): string {
  const written = shorten(post.prompt);
  return written !== '' ? written : shorten([post.title, post.caption].filter(Boolean).join('. '));
}

function shorten(words: string): string {
  const plain = words
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(loneSurrogates, '')
    .trim();
  if (plain.length <= longestPrompt) return plain;
  const cut = plain.slice(0, longestPrompt);
  return cut
    .slice(0, Math.max(cut.lastIndexOf(' '), longestPrompt - 200))
    .replaceAll(loneSurrogates, '')
    .trim();
}

function sizeOf({ options }: Post): { width: number; height: number } {
  const base = formats[formatOf(options.format)];
  const width = within('Width', options.width, side.min, side.max);
  const height = within('Height', options.height, side.min, side.max);
  const bounded = (length: number) => Math.min(side.max, Math.max(side.min, Math.round(length)));
  if (width !== undefined && height !== undefined) return { width: Math.round(width), height: Math.round(height) };
  if (width !== undefined) return { width: bounded(width), height: bounded((width * base.height) / base.width) };
  if (height !== undefined) return { width: bounded((height * base.width) / base.height), height: bounded(height) };
  return { ...base };
}

function formatOf(words: string | undefined): Format {
  if (words === undefined) return defaultFormat;
  const known = keysOf(formats).find((name) => name.toLowerCase() === words.toLowerCase());
  if (known) return known;
  const shown = shorten(words).slice(0, 40).replaceAll(loneSurrogates, '');
  throw new RowMistake(mistakes.unknownFormat(shown, keysOf(formats)));
}

function within(name: string, given: number | undefined, min: number, max: number): number | undefined {
  if (given === undefined || (given >= min && given <= max)) return given;
  throw new RowMistake(mistakes.outOfRange(name, given, min, max));
}

/** A 31-bit hash, so that a repeated run of the same row asks for the same image. */
function seedOf(postId: string, generation: number): number {
  const variant = 0;
  return createHash('sha256').update(`${postId}:${generation}:${variant}`).digest().readUInt32BE(0) >>> 1;
}

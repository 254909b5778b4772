import sharp, { type OverlayOptions } from 'sharp';
import type { ImageRequest } from '../core/image.ts';
import { type Design, createDesign } from './design.ts';
import { typeset, type TypesetText } from './typeset.ts';
import { headlineGraphemes, isRightToLeft } from './text.ts';
import { type Fonts, installedFonts } from './fonts.ts';

/** What a placeholder shows; the seed decides its colours and shapes. */
export type PlaceholderRequest = Required<Pick<ImageRequest, 'headline' | 'width' | 'height' | 'seed'>>;

export interface DrawnPlaceholder {
  /** An opaque sRGB PNG of exactly the size asked. */
  bytes: Uint8Array;
  /** Scripts and kinds of characters left out for want of a font, in words: "emoji", "Han". */
  omitted: string[];
}

/** Draws the headline on a quiet ground. Words that would for the greater part be lost are left out altogether. */
export async function drawPlaceholder(
  request: PlaceholderRequest,
  fonts: Fonts = installedFonts,
): Promise<DrawnPlaceholder> {
  const graphemes = headlineGraphemes(request.headline);
  const { text, families, omitted, omittedCount } = await fonts.cover(graphemes);
  const design = createDesign(request.width, request.height, request.seed);
  const letters = graphemes.filter((grapheme) => grapheme !== ' ').length;
  if (text === '' || omittedCount > letters / 2) return { bytes: await paint(design.svg(false), []), omitted };

  const room = roomIn(request);
  const words = await typeset({ text, families, ink: design.palette.ink, ...room });
  return { bytes: await compose(request, design, words, isRightToLeft(text)), omitted };
}

/** Meta's ads guide asks for 14 % free at the top and bottom of a story, where its own signs lie (2026-11). */
const storyMargin = 0.14;
const margin = 0.1;

function roomIn({ width, height }: PlaceholderRequest) {
  const vertical = height / width > 1.6 ? storyMargin : margin;
  const accent = accentOf(width, height);
  return {
    width: Math.floor(width * (1 - 2 * margin)),
    height: Math.floor(height * (1 - 2 * vertical)) - accent.height - accent.gap,
    maxSize: Math.sqrt(width * height) * 0.15,
  };
}

/** The short line above the words. */
function accentOf(width: number, height: number) {
  const unit = Math.min(width, height);
  return { width: Math.round(unit * 0.1), height: Math.max(3, Math.round(unit * 0.012)), gap: Math.round(unit * 0.05) };
}

async function compose(
  request: PlaceholderRequest,
  design: Design,
  words: TypesetText,
  mirrored: boolean,
): Promise<Uint8Array> {
  const accent = accentOf(request.width, request.height);
  const left = Math.ceil(request.width * margin);
  const top = Math.round((request.height - words.height - accent.height - accent.gap) / 2);
  const startOf = (width: number) => (mirrored ? request.width - left - width : left);
  const line = `<rect x="${startOf(accent.width)}" y="${top}" width="${accent.width}" height="${accent.height}" rx="${accent.height / 2}" fill="${design.palette.accent}"/>`;
  return paint(design.svg(mirrored).replace(/<\/svg>$/, `${line}</svg>`), [
    {
      input: words.pixels,
      raw: { width: words.width, height: words.height, channels: 4 },
      left: startOf(words.width),
      top: top + accent.height + accent.gap,
    },
  ]);
}

async function paint(svg: string, overlays: OverlayOptions[]): Promise<Uint8Array> {
  return sharp(Buffer.from(svg))
    .composite(overlays)
    .removeAlpha()
    .toColourspace('srgb')
    .png({ compressionLevel: 3 })
    .toBuffer();
}

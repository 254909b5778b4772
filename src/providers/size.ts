import type { Size } from '../core/image.ts';

const megapixel = 1024 * 1024;

/** The factor that brings a size down to about one megapixel: most models repeat themselves beyond that. */
export function megapixelFactor({ width, height }: Size): number {
  return Math.min(1, Math.sqrt(megapixel / (width * height)));
}

/** The same shape at another size, with sides that the model takes. */
export function scaleSize(
  { width, height }: Size,
  factor: number,
  {
    multiple,
    round = Math.round,
    shortest = multiple,
  }: { multiple: number; round?: typeof Math.round; shortest?: number },
): Size {
  const side = (pixels: number) => Math.max(shortest, round((pixels * factor) / multiple) * multiple);
  return { width: side(width), height: side(height) };
}

/** How much of an image is left when it is cropped to another shape. */
export function visibleShare(size: Size, asked: Size): number {
  const ratio = size.width / size.height / (asked.width / asked.height);
  return Math.min(ratio, 1 / ratio);
}

/** What is made of an image wants at least this share of it. */
export const minVisibleShare = 0.5;

/** The ratios that the FLUX models on Replicate take, 2026-11. */
const fluxRatios = ['1:1', '16:9', '21:9', '3:2', '2:3', '4:5', '5:4', '3:4', '4:3', '9:16', '9:21'];

/** The nearest of the ratios that the FLUX models on Replicate take, and the share of such an image that would be visible. */
export function nearestFluxRatio(asked: Size): { ratio: string; share: number } {
  const shareOf = (ratio: string) => {
    const [width = 1, height = 1] = ratio.split(':').map(Number);
    return visibleShare({ width, height }, asked);
  };
  const ratio = fluxRatios.reduce((best, name) => (shareOf(name) > shareOf(best) ? name : best));
  return { ratio, share: shareOf(ratio) };
}

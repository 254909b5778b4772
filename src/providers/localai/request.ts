import { ProviderError } from '../../core/errors.ts';
import type { ImageRequest, Size } from '../../core/image.ts';
import { label } from './failures.ts';
import { megapixelFactor, minVisibleShare, scaleSize, visibleShare } from '../size.ts';
import type { Dialect } from './dialects.ts';

const longestSide = 1792;
const sizeStep = 64;

/**
 * Writes the body of `/images/generations` in the server's dialect; `warnings` say what could not be honoured.
 * @throws {ProviderError} `invalid_request`, before anything is sent, when no size of the server's is near the one asked.
 */
export function composeBody(request: ImageRequest, dialect: Dialect, model: string | undefined) {
  const { prompt, negative, warnings } = composePrompt(request, dialect);
  const steps = /schnell/i.test(model ?? '') ? 4 : request.steps;
  const { width, height } = chooseSize(request, dialect.size);
  const left = [
    ...(request.steps !== undefined && dialect.steps === undefined ? ['steps'] : []),
    ...(request.cfgScale === undefined ? [] : ['guidance']),
    ...(request.sampler === undefined ? [] : ['sampler']),
  ];
  const body = {
    ...(model !== undefined && { model }),
    prompt,
    ...(negative !== undefined && { negative_prompt: negative }),
    n: 1,
    ...(dialect.size === 'sides' ? { width, height } : { size: `${width}x${height}` }),
    ...(dialect.base64 && { response_format: dialect.base64 }),
    ...(dialect.steps && steps !== undefined && { [dialect.steps]: Math.round(steps) }),
    ...(dialect.hasSeed && { seed: request.seed }),
  };
  return {
    body,
    warnings: [...warnings, ...(left.length > 0 ? [`not taken by this server: ${left.join(', ')}`] : [])],
  };
}

/**
 * The nearest of the sizes there are; where any is possible the same shape at about one megapixel. Sides are rounded up, so
 * that no image has to grow to more than twice its size.
 */
export function chooseSize(asked: Size, sizes: Dialect['size']): Size {
  if (typeof sizes === 'string') {
    const factor = Math.min(megapixelFactor(asked), longestSide / Math.max(asked.width, asked.height));
    return scaleSize(asked, factor, { multiple: sizeStep, round: Math.ceil });
  }
  const [best] = sizes.toSorted((a, b) => visibleShare(b, asked) - visibleShare(a, asked));
  if (best !== undefined && visibleShare(best, asked) >= minVisibleShare) return best;
  const message = `${label} has no size near ${asked.width}×${asked.height}: choose a less narrow format`;
  throw new ProviderError('invalid_request', message, { sent: false });
}

function composePrompt(
  request: ImageRequest,
  { barSplits, negativePrompt: form, longestPrompt }: Dialect,
): { prompt: string; negative?: string; warnings: string[] } {
  const clean = (text: string) => (barSplits ? text.replaceAll('|', ',') : text);
  const whole = Array.from(clean(request.prompt));
  const prompt = whole.length > longestPrompt ? whole.slice(0, longestPrompt).join('') : whole.join('');
  const negative = clean(request.negativePrompt?.trim() ?? '');
  const warnings = [
    ...(whole.length > longestPrompt
      ? [`the prompt is cut to ${longestPrompt} characters, the model takes no more`]
      : []),
    ...(negative !== '' && form === 'none' ? ['the negative prompt is left out: this server takes none'] : []),
  ];
  if (negative === '' || form === 'none') return { prompt, warnings };
  // LocalAI has no field for it: it splits the prompt at the first bar (4.9, 2026-11).
  return form === 'after bar' ? { prompt: `${prompt}|${negative}`, warnings } : { prompt, negative, warnings };
}

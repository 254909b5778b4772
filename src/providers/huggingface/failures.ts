import { ProviderError } from '../../core/errors.ts';
import { type ProviderAnswer, retryAfterMs, saidBy } from '../../lib/http/client.ts';

export const label = 'Hugging Face';

/** What `classify` must know besides the answer. */
export interface FailureContext {
  /** The route's partner, for the message. */
  partner: string;
  /** Wall-clock ms. */
  now: number;
  /** Texts that no message may show: the key, the prompt, the negative prompt. */
  hide: readonly string[];
}

const creditWords =
  /NOT_ENOUGH_BALANCE|insufficient[ _](?:credit|balance|fund|quota)|exhausted balance|billing_hard_limit|(?:exceeded|depleted) your monthly/i;
const moderationWords =
  /content[ _-]?policy|moderat(?:ed|ion)|nsfw|safety[ _](?:system|filter|checker|policy)|prohibited[ _]content|flagged/i;
const retiredWords =
  /not supported by provider|no longer supported|deprecated|does not exist|no such model|model\b.*\bnot (?:found|supported)/i;

/** Decides what an answer without a usable picture means; the bodies seen in 2026 are in test/providers/huggingface.test.ts. */
export function classify(answer: ProviderAnswer, { partner, now, hide }: FailureContext): ProviderError {
  const { status } = answer;
  const said = saidBy(answer, hide);
  const words = `${said} ${codesIn(answer.json()).join(' ')}`;
  const waitMs = retryAfterMs(answer, now);
  const wait = waitMs !== undefined && { retryAfterMs: waitMs };
  const who = `${label} (${partner})`;

  if (status === 402 || (status < 500 && creditWords.test(words))) {
    return new ProviderError('out_of_credit', `${who} is out of credit (${status}): ${said}`, {
      status,
      until: waitMs === undefined ? nextMonth(now) : now + waitMs,
    });
  }
  if (status === 404 || status === 410 || (status === 400 && retiredWords.test(words))) {
    return new ProviderError('retired', `${who} no longer serves the model (${status}): ${said}`, { status });
  }
  if (status < 500 && status !== 401 && status !== 429 && moderationWords.test(words)) {
    return new ProviderError('content_rejected', `${who} refuses this prompt (${status}): ${said}`, { status });
  }
  if (status === 401 || status === 403) {
    return new ProviderError('unauthorized', `${who} does not accept the key (${status}): ${said}`, { status });
  }
  if (status === 408) {
    return new ProviderError('timeout', `${who} took too long (${status}): ${said}`, { status, sent: true });
  }
  if (status === 429) {
    return new ProviderError('rate_limited', `${who} asks for a pause (${status}): ${said}`, { status, ...wait });
  }
  if (status === 503) {
    return new ProviderError('loading', `${who} is loading the model (${status}): ${said}`, { status, ...wait });
  }
  if (status >= 500) {
    return new ProviderError('unavailable', `${who} has a fault (${status}): ${said}`, { status, sent: true });
  }
  if (status >= 200 && status < 300) {
    return new ProviderError('bad_image', `${who} sent no picture but: ${said}`, { status, sent: true });
  }
  return new ProviderError('invalid_request', `${who} does not take the request (${status}): ${said}`, { status });
}

/** Included and paid credit renews on the 1st of each month (Hub billing FAQ, 2026-08). */
function nextMonth(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** Machine-readable words that stand beside the message, such as fal's `content_policy_violation`. */
function codesIn(value: unknown, depth = 0): string[] {
  if (typeof value !== 'object' || value === null || depth > 3) return [];
  if (Array.isArray(value)) return codesIn(value[0], depth + 1);
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (['code', 'type', 'status'].includes(key)) return typeof inner === 'string' ? [inner] : [];
    return ['error', 'detail', 'errors'].includes(key) ? codesIn(inner, depth + 1) : [];
  });
}

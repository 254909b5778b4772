import type { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { nextMonth } from '../../lib/dates.ts';
import { retryAfterMs } from '../../lib/http/retry-after.ts';
import { codeOfStatus, type FailureContext, failureOf } from '../failures.ts';
import { quoteAnswer } from '../quote.ts';

export const label = 'Hugging Face';

const creditWords =
  /NOT_ENOUGH_BALANCE|insufficient[ _](?:credit|balance|fund|quota)|exhausted balance|billing_hard_limit|(?:exceeded|depleted) your monthly/i;
const moderationWords =
  /content[ _-]?policy|moderat(?:ed|ion)|nsfw|safety[ _](?:system|filter|checker|policy)|prohibited[ _]content|flagged/i;
const retiredWords =
  /not supported by provider|no longer supported|deprecated|does not exist|no such model|model\b.*\bnot (?:found|supported)/i;

/** Decides what an answer without a usable image means; the bodies seen in 2026 are in test/providers/huggingface. */
export function classify(answer: HttpAnswer, partner: string, { now, toRedact }: FailureContext): ProviderError {
  const { status } = answer;
  const said = quoteAnswer(answer, toRedact);
  const words = `${said} ${codesIn(answer.json()).join(' ')}`;
  const waitMs = retryAfterMs(answer, now);
  const choose = () => {
    if (status === 402 || (status < 500 && creditWords.test(words))) return 'out_of_credit';
    if (status === 404 || status === 410 || (status === 400 && retiredWords.test(words))) return 'retired';
    const isAboutPrompt = status < 500 && status !== 401 && status !== 429 && moderationWords.test(words);
    return isAboutPrompt ? 'content_rejected' : codeOfStatus(status);
  };
  return failureOf(answer, {
    code: choose(),
    who: `${label} (${partner})`,
    words: { loading: 'is loading the model' },
    said,
    waitMs,
    // Included and paid credit renews on the 1st of each month (Hub billing FAQ, 2026-08).
    creditUntil: waitMs === undefined ? nextMonth(now) : now + waitMs,
  });
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

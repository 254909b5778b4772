import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { FailureCode } from '../../core/reactions.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { retryAfterMs } from '../../lib/http/retry-after.ts';
import type { FailureContext } from '../failures.ts';
import { quoteAnswer } from '../quote.ts';

export const label = 'LocalAI';

/** What `classify` must know besides the answer. */
export interface ServerFailureContext extends FailureContext {
  /** The server's host name and port, for the message. */
  host: string;
  hasKey: boolean;
}

const creditWords =
  /insufficient[ _](?:credit|balance|fund|quota)|billing_hard_limit|exceeded your current quota|budget[ _](?:has been )?exceeded/i;
const moderationWords =
  /content[ _-]?(?:policy|filter)|moderation_blocked|moderated|nsfw|safety[ _](?:system|filter|checker|policy)|responsible ?ai ?policy|flagged/i;
const unknownModelWords =
  /model_not_(?:found|available|supported)|(?:invalid|unknown|no such|could not find|unable to access) model\b|\bmodel\b\W*[\w./:@-]*\W*(?:is |was |has been |does )?(?:not (?:found|exist|supported|available)|deprecated|no longer)/i;

/** Decides what an answer without an image means, whichever of the servers gave it. */
export function classify(answer: HttpAnswer, context: ServerFailureContext): ProviderError {
  const { status } = answer;
  const { host, hasKey } = context;
  const waitMs = waitOf(answer, context.now);
  const mayHaveSpent = status < 300 || status === 408 || (status >= 500 && status !== 503);
  const facts = { status, sent: mayHaveSpent, ...(waitMs !== undefined && { retryAfterMs: waitMs }) };
  if (status >= 300 && status < 400) {
    const message = `${label} redirects from ${host}: set LOCALAI_API_URL to its final address`;
    return new ProviderError('unreachable', message, facts);
  }
  const said = quoteAnswer(answer, context.toRedact);
  const fail = (code: FailureCode, what: string, step?: string, sent = mayHaveSpent) =>
    new ProviderError(code, `${label} ${what} (${status}): ${said}${step ? `; ${step}` : ''}`, { ...facts, sent });
  const { code = '', type = '', param = '' } = errorSchema.safeParse(answer.json()).data?.error ?? {};
  const words = `${said} ${code} ${type}`;

  if (status === 402 || (status < 500 && creditWords.test(words))) return fail('out_of_credit', 'is out of credit');
  if (status < 500 && status !== 401 && status !== 429 && moderationWords.test(words)) {
    return fail('content_rejected', 'refuses this prompt');
  }
  const isClientError = status === 400 || status === 403 || status === 404 || status === 422;
  if (status === 410 || (isClientError && (param === 'model' || unknownModelWords.test(words)))) {
    return fail('retired', 'does not have the model', 'correct LOCALAI_MODEL');
  }
  if (status === 401 || status === 403) {
    return hasKey
      ? fail('unauthorized', 'does not accept the key', 'correct LOCALAI_API_KEY')
      : fail('unauthorized', 'asks for a key', 'set LOCALAI_API_KEY');
  }
  // The operator mends the address, and then the server must be asked again within minutes.
  if (status === 404 || status === 405) {
    const step = 'check that LOCALAI_API_URL ends as the server wants it, mostly in /v1, and LOCALAI_MODEL';
    return fail('unreachable', `makes no pictures at ${host}`, step);
  }
  if (status === 500 && /invalid value for 'size'/i.test(words)) {
    return fail('invalid_request', 'does not take the size', undefined, false);
  }
  if (status < 300) return new ProviderError('bad_image', `${label} sent no picture but: ${said}`, facts);
  if (status === 408) return fail('timeout', 'took too long');
  if (status === 429) return fail('rate_limited', 'asks for a pause');
  if (status === 503) return fail('loading', 'is not ready yet');
  return status >= 500 ? fail('unavailable', 'has a fault') : fail('invalid_request', 'does not take the request');
}

const text = z.string().catch('');
const errorSchema = z.object({ error: z.object({ code: text, type: text, param: text }) });

const loadingSchema = z.object({ loading: z.object({ eta_seconds: z.number().positive().max(86_400) }) });

/** LocalAI's own estimate of a load falls as it goes on; its Retry-After, only when to look again, stays the same. */
function waitOf(answer: HttpAnswer, now: number): number | undefined {
  const loading = loadingSchema.safeParse(answer.json()).data?.loading;
  return loading === undefined ? retryAfterMs(answer, now) : loading.eta_seconds * 1000;
}

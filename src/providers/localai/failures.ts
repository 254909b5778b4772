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
  const { code, message } = judge(answer, context);
  const waitMs = waitOf(answer, context.now);
  const mayHaveCost = status < 300 || status === 408 || (status >= 500 && status !== 503);
  return new ProviderError(code, message, {
    status,
    sent: mayHaveCost && code !== 'invalid_request',
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
}

const loadingSchema = z.object({ loading: z.object({ eta_seconds: z.number().positive().max(86_400) }) });

/** LocalAI's own estimate of a load falls as it goes on; its Retry-After, only when to look again, stays the same. */
function waitOf(answer: HttpAnswer, now: number): number | undefined {
  const loading = loadingSchema.safeParse(answer.json()).data?.loading;
  return loading === undefined ? retryAfterMs(answer, now) : loading.eta_seconds * 1000;
}

const text = z.string().catch('');
const errorSchema = z.object({ error: z.object({ code: text, type: text, param: text }) });

function judge(answer: HttpAnswer, context: ServerFailureContext): { code: FailureCode; message: string } {
  const { status } = answer;
  const { host, hasKey } = context;
  const said = quoteAnswer(answer, context.toRedact);
  const { code = '', type = '', param = '' } = errorSchema.safeParse(answer.json()).data?.error ?? {};
  const words = `${said} ${code} ${type}`;
  const because = (what: string) => `${label} ${what} (${status}): ${said}`;

  if (status >= 300 && status < 400) {
    return {
      code: 'unreachable',
      message: `${label} redirects from ${host}: set LOCALAI_API_URL to its final address`,
    };
  }
  if (status === 402 || (status < 500 && creditWords.test(words))) {
    return { code: 'out_of_credit', message: because('is out of credit') };
  }
  if (status < 500 && status !== 401 && status !== 429 && moderationWords.test(words)) {
    return { code: 'content_rejected', message: because('refuses this prompt') };
  }
  const isClientError = status === 400 || status === 403 || status === 404 || status === 422;
  if (status === 410 || (isClientError && (param === 'model' || unknownModelWords.test(words)))) {
    return { code: 'retired', message: `${because('does not have the model')}; correct LOCALAI_MODEL` };
  }
  if (status === 401 || status === 403) {
    const step = hasKey ? 'correct LOCALAI_API_KEY' : 'set LOCALAI_API_KEY';
    return {
      code: 'unauthorized',
      message: `${because(hasKey ? 'does not accept the key' : 'asks for a key')}; ${step}`,
    };
  }
  // The operator mends the address, and then the server must be asked again within minutes.
  if (status === 404 || status === 405) {
    const step = 'check that LOCALAI_API_URL ends as the server wants it, mostly in /v1, and LOCALAI_MODEL';
    return { code: 'unreachable', message: `${because(`makes no pictures at ${host}`)}; ${step}` };
  }
  if (status === 500 && /invalid value for 'size'/i.test(words)) {
    return { code: 'invalid_request', message: because('does not take the size') };
  }
  if (status >= 500 && status !== 503) return { code: 'unavailable', message: because('has a fault') };
  if (status < 300) return { code: 'bad_image', message: `${label} sent no picture but: ${said}` };
  const [other, what] = others[status] ?? ['invalid_request', 'does not take the request'];
  return { code: other, message: because(what) };
}

const others: Readonly<Record<number, readonly [FailureCode, string]>> = {
  408: ['timeout', 'took too long'],
  429: ['rate_limited', 'asks for a pause'],
  503: ['loading', 'is not ready yet'],
};

import type { ImageRequest } from '../core/image.ts';
import type { HttpAnswer } from '../lib/http/client.ts';
import { fieldOf } from '../lib/records.ts';
import { redactQuotes } from '../lib/redact-quotes.ts';
import { oneLine } from '../lib/text.ts';

const longestLine = 200;

/** The texts of a request that no message may show, and the keys it is sent with. */
export function textsToRedact(request: ImageRequest, ...keys: readonly string[]): string[] {
  return [request.prompt, request.negativePrompt ?? '', ...keys];
}

/**
 * The provider's own words about a failure: one line of at most 200 characters, without the texts to redact. They are taken
 * from `json`, which is the whole answer unless given.
 */
export function quoteAnswer(answer: HttpAnswer, toRedact: readonly string[] = [], json = answer.json()): string {
  return oneLine(redactQuotes(messageIn(json) ?? describe(answer, json), toRedact), longestLine);
}

/** Looks where JSON errors usually keep their words; as deep as they go and no deeper. */
function messageIn(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || depth > 4) return undefined;
  if (Array.isArray(value)) return messageIn(value[0], depth + 1);
  const [title, detail] = [fieldOf(value, 'title'), fieldOf(value, 'detail')];
  if (typeof title === 'string' && typeof detail === 'string') return `${title}: ${detail}`;
  for (const name of ['error', 'message', 'detail', 'msg', 'errors', 'title']) {
    const message = messageIn(fieldOf(value, name), depth + 1);
    if (message !== undefined) return message;
  }
  return undefined;
}

function describe(answer: HttpAnswer, json: unknown): string {
  const text = answer.text().trim();
  if (answer.bytes.byteLength === 0) return 'an empty answer';
  if (text.startsWith('<')) return 'an HTML page';
  if (json !== undefined) return 'JSON without a message';
  return /\uFFFD|(?!\s)\p{Cc}/u.test(text) ? 'data that is not text' : text;
}

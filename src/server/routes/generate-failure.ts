import { ChainExhaustedError, ConfigError, type ProviderError } from '../../core/errors.ts';
import type { Attempt } from '../../core/provider.ts';
import type { FailedAttempt } from './generate-schema.ts';
import { HttpError, stopping } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';
import type { ProviderRecord } from '../../monitoring/overview/provider-record.ts';
import { fixFor } from '../../messages/failures.ts';
import { formatTime } from '../../messages/formats.ts';

const title = 'Image generation failed';

/** The answer for an image that could not be made; an unforeseen error is passed on as it is. */
export function failureAnswer(error: unknown, parts: ServerParts, record: ProviderRecord): unknown {
  if (parts.signal.aborted) return stopping();
  if (error instanceof ChainExhaustedError) return chainFailure(error, parts, record);
  if (error instanceof ConfigError) {
    parts.log.error({ err: error }, 'HTTP: pictures cannot be kept');
    return new HttpError(
      503,
      title,
      'The server cannot keep pictures at the moment: its operator finds the reason in the log.',
      {
        cause: error,
      },
    );
  }
  return error;
}

function chainFailure(error: ChainExhaustedError, parts: ServerParts, record: ProviderRecord): HttpError {
  const now = parts.clock.now();
  const attempts = error.attempts.flatMap((attempt) => shown(attempt, now));
  const facts = { attempts };
  if (!parts.providers.some(({ name, configured }) => configured && name !== 'placeholder')) {
    return new HttpError(
      503,
      title,
      'No image provider is configured: set HUGGINGFACE_API_KEY or SD_ENABLED=true on the server, or send "allowPlaceholder": true for a drawn card.',
      { facts },
    );
  }
  if (error.last.code === 'content_rejected') {
    const message = `The provider refused the prompt, and no other is asked: reword it. It said: ${error.last.message}`;
    return new HttpError(422, title, message, { facts });
  }
  const asked = error.attempts.filter((attempt) => attempt.outcome !== 'ok' && !attempt.notAsked);
  const isLate =
    asked.every(({ outcome }) => outcome === 'timeout') && (asked.length > 0 || error.last.code === 'timeout');
  return new HttpError(isLate ? 504 : 502, title, allFailed(lastWords(error, record, now)), { facts });
}

function allFailed(last: string): string {
  return `Image generation failed with all providers. Last error: ${last}`;
}

/** Of a provider that was not asked, the answer quotes what it said when it last was. */
function lastWords({ last, attempts }: ChainExhaustedError, record: ProviderRecord, now: number): string {
  const refused = attempts.at(-1);
  const earlier = last.code === 'circuit_open' && refused ? record.of(refused.provider).lastError : undefined;
  if (!earlier) return last.message;
  const until = untilOf(last, refused, now);
  return `${earlier.message} (not asked again${until === undefined ? '' : ` until ${until}`})`;
}

function untilOf(last: ProviderError, attempt: Attempt | undefined, now: number): string | undefined {
  const at = attempt?.until === undefined ? last.facts.until : Date.parse(attempt.until);
  return at !== undefined && at > now ? formatTime(at, now) : undefined;
}

function shown({ provider, label, model, outcome, until, detail }: Attempt, now: number): FailedAttempt[] {
  if (outcome === 'ok') return [];
  const fix = fixFor({ label, outcome, ...(until !== undefined && { until }) }, now);
  return [{ provider, model, outcome, message: detail ?? fix, fix, ...(until !== undefined && { until }) }];
}

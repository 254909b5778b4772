import { ChainExhaustedError, ConfigError, type ProviderError } from '../../core/errors.ts';
import type { Attempt } from '../../core/provider.ts';
import type { FailedAttempt } from './generate-schema.ts';
import { HttpError, stopping } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';
import type { ProviderRecord } from '../../monitoring/overview/provider-record.ts';
import { apiMessages } from '../../messages/api.ts';
import { fixFor } from '../../messages/failures.ts';
import { formatTime } from '../../messages/formats.ts';

const { title } = apiMessages;

/** The answer for an image that could not be made; an unforeseen error is passed on as it is. */
export function failureAnswer(error: unknown, parts: ServerParts, record: ProviderRecord): unknown {
  if (parts.signal.aborted) return stopping();
  if (error instanceof ChainExhaustedError) return chainFailure(error, parts, record);
  if (error instanceof ConfigError) {
    parts.log.error({ err: error }, 'HTTP: pictures cannot be kept');
    return new HttpError(503, title, apiMessages.notSaved, { cause: error });
  }
  return error;
}

function chainFailure(error: ChainExhaustedError, parts: ServerParts, record: ProviderRecord): HttpError {
  const now = parts.clock.now();
  const attempts = error.attempts.flatMap((attempt) => shown(attempt, now));
  const facts = { attempts };
  if (!parts.providers.some(({ name, configured }) => configured && name !== 'placeholder')) {
    return new HttpError(503, title, apiMessages.noProvider, { facts });
  }
  if (error.last.code === 'content_rejected') {
    return new HttpError(422, title, apiMessages.refused(error.last.message), { facts });
  }
  const asked = error.attempts.filter((attempt) => attempt.outcome !== 'ok' && !attempt.notAsked);
  const isLate =
    asked.every(({ outcome }) => outcome === 'timeout') && (asked.length > 0 || error.last.code === 'timeout');
  return new HttpError(isLate ? 504 : 502, title, apiMessages.allFailed(lastErrorOf(error, record, now)), { facts });
}

/** Of a provider that was not asked, the answer quotes what it said when it last was. */
function lastErrorOf({ last, attempts }: ChainExhaustedError, record: ProviderRecord, now: number): string {
  const refused = attempts.at(-1);
  const earlier = last.code === 'circuit_open' && refused ? record.of(refused.provider).lastError : undefined;
  if (!earlier) return last.message;
  return apiMessages.notAskedAgain(earlier.message, untilOf(last, refused, now));
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

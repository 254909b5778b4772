import { fieldOf } from '../records.ts';
import type { HttpAnswer } from './client.ts';

const longestMs = 30 * 24 * 3_600_000;

/** The wait that an answer asks for, in ms: Retry-After, RateLimit's `t`, or `retry_after` and `estimated_time` in its JSON. */
export function retryAfterMs(answer: HttpAnswer, now: number): number | undefined {
  const body = answer.json();
  const candidates = [
    parseRetryAfter(answer.headers['retry-after'], now),
    parseRateLimit(answer.headers['ratelimit']),
    ...[body, fieldOf(body, 'error')].flatMap((value) => [
      parseRetryAfter(fieldOf(value, 'retry_after'), now),
      parseRetryAfter(fieldOf(value, 'estimated_time'), now),
    ]),
  ];
  return candidates.find((ms) => ms !== undefined && ms >= 0 && ms <= longestMs);
}

/** Seconds or an HTTP date. */
function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value === 'number') return value * 1000;
  if (typeof value !== 'string') return undefined;
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  return value.endsWith(' GMT') ? Date.parse(value) - now : undefined;
}

/** `"api";r=0;t=55` (draft-ietf-httpapi-ratelimit-headers-09): the longest wait among the used-up limits. */
function parseRateLimit(header: string | undefined): number | undefined {
  const limits = (header ?? '').split(',').flatMap((item) => {
    const seconds = /;\s*t=(\d+)/.exec(item)?.[1];
    return seconds === undefined ? [] : [{ isUsedUp: /;\s*r=0(?!\d)/.test(item), ms: Number(seconds) * 1000 }];
  });
  const usedUp = limits.filter(({ isUsedUp }) => isUsedUp);
  const relevant = usedUp.length > 0 ? usedUp : limits;
  return relevant.length > 0 ? Math.max(...relevant.map(({ ms }) => ms)) : undefined;
}

import { type ApiError, rateLimited } from './errors.ts';
import type { RateLimit } from './options.ts';

interface Window {
  startedAt: number;
  requests: number;
}

/** Counts requests in fixed windows, each of which begins with the first request after the last one ended. */
export interface RateLimiter {
  /** Counts a request, and answers with the refusal if it is one too many. */
  take(key: string, limit: RateLimit, now: number, reason: string): ApiError | undefined;
}

export function createRateLimiter(): RateLimiter {
  const windows = new Map<string, Window>();
  return {
    take(key, limit, now, reason) {
      const last = windows.get(key);
      const window = last && now < last.startedAt + limit.windowMs ? last : { startedAt: now, requests: 0 };
      windows.set(key, window);
      if (window.requests >= limit.requests) {
        const restMs = window.startedAt + limit.windowMs - now;
        return rateLimited(reason, Math.max(1, Math.ceil(restMs / 1000)));
      }
      window.requests += 1;
      return undefined;
    },
  };
}

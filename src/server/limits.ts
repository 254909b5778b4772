import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { tooMany } from './http-error.ts';
import type { ServerSettings } from './settings.ts';

const minuteMs = 60_000;
const userRequestsPerMinute = 1200;
/** So few that tokens cannot be guessed. */
export const unknownRequestsPerMinute = 60;
/** Callers remembered at most; one that is dropped starts anew. */
const mostCallers = 10_000;
const noHeaders = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false };

/** Counts every request but those of routes that are free of it; callers must have been identified before. */
export async function limitRequests(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    cache: mostCallers,
    timeWindow: minuteMs,
    keyGenerator: callerKey,
    max: (request) => (isKnown(request) ? userRequestsPerMinute : addressLimit(request)),
    allowList: (request) => request.routeOptions.config.rateLimit === false,
    errorResponseBuilder: (_, { ttl }) => tooMany('Too many requests in a minute.', ttl / 1000),
    addHeaders: noHeaders,
    addHeadersOnExceeding: noHeaders,
  });
  app.addHook('onRequest', app.rateLimit());
}

function addressLimit({ routeOptions }: FastifyRequest): number {
  return routeOptions.config.perAddress ?? unknownRequestsPerMinute;
}

function isKnown({ caller, routeOptions }: FastifyRequest): boolean {
  return caller !== undefined && routeOptions.config.perAddress === undefined;
}

function callerKey(request: FastifyRequest): string {
  if (isKnown(request)) return `user ${request.identity.id}`;
  // Requests for unknown addresses are counted by themselves, so that they keep nobody from logging in.
  const kind = request.is404 ? 'nowhere' : addressLimit(request);
  return `address ${kind} ${normalizeIP(request.ip, 64)}`;
}

const retryWhenBusySeconds = 5;

/** Bounds the images that one user asks for. */
export function createImageLimits(app: FastifyInstance, { imagesPerMinute, imagesAtOnce }: ServerSettings) {
  const count = app.createRateLimit({
    max: imagesPerMinute,
    timeWindow: minuteMs,
    keyGenerator: (request) => request.identity.id,
    allowList: [],
  });
  const running = new Map<string, number>();
  const change = (id: string, by: number) => {
    const left = (running.get(id) ?? 0) + by;
    if (left > 0) running.set(id, left);
    else running.delete(id);
  };
  return {
    /** Takes a place, which the answer's function gives back. @throws {HttpError} when there is none. */
    async enter(request: FastifyRequest) {
      const { id } = request.identity;
      if ((running.get(id) ?? 0) >= imagesAtOnce) {
        const message = `${imagesAtOnce} pictures of yours are being made, as many as may be at once.`;
        throw tooMany(message, retryWhenBusySeconds);
      }
      change(id, 1);
      const limit = await count(request);
      if (!limit.isAllowed && limit.isExceeded) {
        change(id, -1);
        const message = `You asked for ${imagesPerMinute} pictures within a minute, as many as may be.`;
        throw tooMany(message, limit.ttl / 1000);
      }
      return () => change(id, -1);
    },
  };
}

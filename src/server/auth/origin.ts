import type { FastifyRequest } from 'fastify';
import { HttpError } from '../http-error.ts';

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** May the request change something? */
export function changesState(request: FastifyRequest): boolean {
  return !safeMethods.has(request.method);
}

/**
 * Where everyone on this machine is trusted, a page elsewhere must not lead its visitor's browser here under a name of its own.
 * @throws {HttpError} when the request was made for another host
 */
export function refuseForeignHost(request: FastifyRequest): void {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec(request.headers.host ?? '')?.[1]?.toLowerCase();
  if (name !== undefined && loopbackNames.has(name)) return;
  const limit = 'Without API_TOKENS or JWT_SECRET this server answers to localhost, 127.0.0.1 and [::1] only';
  throw new HttpError(403, 'Forbidden', `${limit}: use one of these, or configure a token.`);
}

/**
 * A request that a browser sends with its cookie must come from a page of ours or of an origin that is allowed.
 * @throws {HttpError} when it comes from elsewhere
 */
export function refuseForeignOrigin(request: FastifyRequest, allowed: readonly string[]): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined && allowed.includes(origin)) return;
  const isForeign = origin === undefined ? site === 'cross-site' && changesState(request) : !isSame(origin, host);
  if (!isForeign) return;
  const step = 'open the page at the address of this server, or name its origin in CORS_ORIGINS';
  throw new HttpError(403, 'Forbidden', `The request comes from a page of another origin: ${step}.`);
}

function isSame(origin: string, host: string | undefined): boolean {
  const scheme = /^https?:\/\//.exec(origin)?.[0];
  if (scheme === undefined || host === undefined) return false;
  // Read in the same way, so that a port which the scheme implies is none.
  const [theirs, ours] = [origin, scheme + host].map((url) => (URL.canParse(url) ? new URL(url).host : undefined));
  return theirs !== undefined && theirs === ours;
}

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { cookieOf } from './cookies.ts';
import type { Credentials } from './credentials.ts';
import { HttpError } from '../http-error.ts';
import { type Identity, localIdentity } from './identity.ts';
import { changesState, refuseForeignHost, refuseForeignOrigin } from './origin.ts';
import type { ServerSettings } from '../settings.ts';

/** Finds out who is calling; nobody is refused yet. */
export function identifyCallers(app: FastifyInstance, credentials: Credentials | undefined): void {
  app.decorateRequest('caller', undefined);
  app.decorateRequest('identity', {
    getter() {
      if (!this.caller) throw new Error('A route asks who its caller is, though it is open to everyone.');
      return this.caller;
    },
  });
  app.addHook('onRequest', async (request) => {
    request.caller = credentials ? callerOf(request, credentials) : localIdentity;
  });
}

/** Refuses unknown callers on every route that is not open, and pages of other origins where a cookie is the proof. */
export function guardRoutes(app: FastifyInstance, settings: ServerSettings): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.access === 'open') return;
    const { caller } = request;
    if (caller?.via === 'local') {
      refuseForeignHost(request);
      refuseForeignOrigin(request, settings.corsOrigins);
    } else if (caller?.via === 'cookie' && changesState(request)) {
      refuseForeignOrigin(request, settings.corsOrigins);
    } else if (!caller) {
      if (request.method !== 'GET' || !wantsPage(request)) throw unknownCaller(request);
      return reply.redirect(`/login?next=${encodeURIComponent(localPath(request.url))}`, 303);
    }
  });
}

/** The path that a login leads back to: one of ours, whatever was asked for. */
export function localPath(path: string | undefined): string {
  // eslint-disable-next-line no-control-regex
  return path !== undefined && /^\/(?!\/)[^\\\u0000-\u0020\u007f-\uffff]*$/.test(path) ? path : '/';
}

/** A Bearer token takes precedence over a cookie, also when it is wrong. */
function callerOf(request: FastifyRequest, credentials: Credentials): Identity | undefined {
  const bearer = bearerOf(request);
  if (bearer !== undefined) return credentials.ofBearer(bearer);
  const session = cookieOf(request, 'session');
  const identity = session === undefined ? undefined : credentials.ofCookie(session, 'session');
  if (identity || !request.routeOptions.url?.startsWith('/uploads/')) return identity;
  const uploads = cookieOf(request, 'uploads');
  return uploads === undefined ? undefined : credentials.ofCookie(uploads, 'uploads');
}

function bearerOf({ headers: { authorization } }: FastifyRequest): string | undefined {
  return /^Bearer\b *(.*)$/i.exec(authorization ?? '')?.[1];
}

/** Is it a browser that goes to a page, rather than a program? */
export function wantsPage({ headers }: FastifyRequest): boolean {
  return headers.authorization === undefined && (headers.accept ?? '').includes('text/html');
}

function unknownCaller(request: FastifyRequest): HttpError {
  const message =
    bearerOf(request) === undefined
      ? 'This needs a login: send "Authorization: Bearer <token>" with a token of API_TOKENS or a JWT, or log in at /login.'
      : 'The token is not known or has run out: send one of API_TOKENS or a valid JWT, or log in at /login.';
  return new HttpError(401, 'Unauthorized', message, { headers: { 'www-authenticate': 'Bearer' } });
}

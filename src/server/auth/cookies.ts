import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CookieUse, Credentials } from './credentials.ts';
import type { Identity } from './identity.ts';

const cookies = {
  session: { name: 'ntf_session', path: '/' },
  uploads: { name: 'ntf_uploads', path: '/uploads' },
} as const satisfies Record<CookieUse, { name: string; path: string }>;

/** The value of a cookie that the caller sent. */
export function cookieOf(request: FastifyRequest, use: CookieUse): string | undefined {
  return request.cookies[cookies[use].name];
}

/** Gives the caller's browser a cookie that proves who they are. */
export function giveCookie(reply: FastifyReply, credentials: Credentials, identity: Identity, use: CookieUse): void {
  const { name, path } = cookies[use];
  const { value, maxAgeSeconds } = credentials.grant(identity, use);
  reply.setCookie(name, value, { ...attributes(reply.request), path, maxAge: maxAgeSeconds });
}

/** Removes every cookie of ours from the caller's browser. */
export function takeCookies(reply: FastifyReply): void {
  for (const { name, path } of Object.values(cookies)) {
    reply.clearCookie(name, { ...attributes(reply.request), path });
  }
}

function attributes(request: FastifyRequest) {
  return { httpOnly: true, sameSite: 'lax', secure: isHttps(request) } as const;
}

/** Did the request come by https, according to the proxy in front? A wrong header harms nobody but the caller. */
function isHttps(request: FastifyRequest): boolean {
  const [forwarded = request.protocol] = String(request.headers['x-forwarded-proto'] ?? request.protocol).split(',');
  return forwarded.trim().toLowerCase() === 'https';
}

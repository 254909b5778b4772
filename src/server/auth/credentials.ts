import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { JWT } from '@fastify/jwt';
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { type Identity, userIdOf } from './identity.ts';
import type { ServerSettings } from '../settings.ts';

/** What a cookie is for: session opens every route, uploads only the caller's own images. */
export type CookieUse = 'session' | 'uploads';

/** Finds out who a caller is. */
export type Credentials = ReturnType<typeof createCredentials>;

const longestSessionSeconds = 30 * 24 * 60 * 60;

const claims = z.object({ sub: z.string().min(1).max(256), exp: z.number().optional() });
const cookieClaims = z.object({ sub: z.string(), name: z.string(), exp: z.number() });

/** The key that signs cookies: it changes with every token and secret, so that removing one ends the sessions. */
export function cookieKey({ tokens, jwtSecret }: ServerSettings): Buffer {
  const secrets = JSON.stringify([tokens.map(({ name, token }) => [name, token]), jwtSecret ?? null]);
  return Buffer.from(hkdfSync('sha256', secrets, '', 'notion-to-facebook cookies', 32));
}

export function createCredentials(jwt: JWT, settings: ServerSettings, clock: Clock) {
  const { jwtSecret } = settings;
  const digests = settings.tokens.map(({ name, token }) => ({ name, digest: digestOf(token) }));

  const verified = (token: string, options: { key: string } | { allowedAud: string }): unknown => {
    try {
      return jwt.verify(token, { ...options, algorithms: ['HS256'], clockTimestamp: clock.now() });
    } catch {
      return undefined;
    }
  };

  /** Every token is compared, so that the time taken does not show which one came near. */
  const ofToken = (token: string): Identity | undefined => {
    const digest = digestOf(token);
    let owner: string | undefined;
    for (const candidate of digests) if (timingSafeEqual(candidate.digest, digest)) owner = candidate.name;
    return owner === undefined ? undefined : { id: userIdOf(owner), name: owner, via: 'token' };
  };

  const ofJwt = (token: string): Identity | undefined => {
    if (jwtSecret === undefined) return undefined;
    const { success, data } = claims.safeParse(verified(token, { key: jwtSecret }));
    if (!success) return undefined;
    const until = data.exp === undefined ? {} : { until: data.exp * 1000 };
    return { id: userIdOf(data.sub), name: data.sub, via: 'jwt', ...until };
  };

  return {
    /** The owner of an API token or a JWT; undefined when it is neither. */
    ofBearer: (token: string) => ofToken(token) ?? ofJwt(token),
    /** The owner of a cookie given out by `grant`. */
    ofCookie(value: string, use: CookieUse): Identity | undefined {
      const { success, data } = cookieClaims.safeParse(verified(value, { allowedAud: use }));
      return success ? { id: data.sub, name: data.name, via: 'cookie', until: data.exp * 1000 } : undefined;
    },
    /** A cookie for somebody, which expires no later than the proof that they gave. */
    grant({ id, name, until = Infinity }: Identity, use: CookieUse) {
      const now = Math.floor(clock.now() / 1000);
      const exp = Math.min(now + longestSessionSeconds, Math.floor(until / 1000));
      return {
        value: jwt.sign({ sub: id, name, aud: use, iat: now, exp }, { algorithm: 'HS256' }),
        maxAgeSeconds: Math.max(0, exp - now),
      };
    },
  };
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

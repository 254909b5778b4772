import { createHash } from 'node:crypto';

/** Who asks. */
export interface Identity {
  /** Safe as a part of a path. */
  id: string;
  name: string;
  via: 'token' | 'jwt' | 'cookie' | 'local';
  /** Wall-clock ms when what proves it runs out; undefined when it never does. */
  until?: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; there is somebody on every route that is not open. */
    readonly identity: Identity;
    /** The same, where there may be nobody. */
    caller: Identity | undefined;
  }

  interface FastifyContextConfig {
    /** open: served to everyone. */
    access?: 'open';
    /** Requests that one address may make in a minute, whoever calls; without it known callers are counted one by one. */
    perAddress?: number;
  }
}

const safeId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const hashedId = /^h-[0-9a-f]{32}$/;

/** The user id of a name: the name itself where it is safe as a part of a path, else its hash. */
export function userIdOf(name: string): string {
  const isSafe = safeId.test(name) && !name.includes('..') && !hashedId.test(name);
  return isSafe ? name : `h-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

/** Everyone, where no token and no JWT_SECRET is configured. */
export const localIdentity: Identity = { id: 'local', name: 'local', via: 'local' };

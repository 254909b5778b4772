import { createHmac } from 'node:crypto';

export const jwtSecret = 'a-secret-that-signs-tokens-0123456789';

/** A JWT made by hand, as a forger would make it. */
export function signJwt(
  claims: object,
  {
    secret = jwtSecret,
    header = { alg: 'HS256', typ: 'JWT' },
    hash = 'sha256',
  }: { secret?: string; header?: object; hash?: string } = {},
): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

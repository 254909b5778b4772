import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { userIdOf } from '../../../src/server/auth/identity.ts';

describe('userIdOf', () => {
  it('is the name where that is safe as a part of a path', () => {
    for (const name of ['ann', 'Ann.Lee', 'team_1-b', '0', 'a'.repeat(64)]) expect(userIdOf(name)).toBe(name);
  });

  it('is a hash of a name that is not', () => {
    for (const name of [
      '',
      '.',
      '..',
      'a..b',
      '-a',
      '.a',
      'a/b',
      'a\\b',
      'a b',
      'ä',
      'a\u0000',
      'a\n',
      'a'.repeat(65),
    ]) {
      expect(userIdOf(name)).toMatch(/^h-[0-9a-f]{32}$/);
    }
  });

  it('hashes what looks like a hash, so that nobody takes the place of another', () => {
    const hashed = userIdOf('a/b');
    expect(userIdOf(hashed)).not.toBe(hashed);
    expect(userIdOf(hashed)).toMatch(/^h-[0-9a-f]{32}$/);
  });

  it('is safe as a part of a path, and of one name alone', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(userIdOf(one)).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
        expect(userIdOf(one)).not.toContain('..');
        expect(userIdOf(one) === userIdOf(other)).toBe(one === other);
      }),
    );
  });
});

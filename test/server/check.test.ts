import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/core/environment.ts';
import { checkServer } from '../../src/server/check.ts';
import { readServerSettings } from '../../src/server/settings.ts';

const token = 'f'.repeat(64);
const examine = (variables: Record<string, string>) =>
  checkServer(readServerSettings(readEnvironment({ PORT: '0', ...variables })));

describe("doctor's look at the server", () => {
  it.each([
    [{}, 'well', /for this machine alone$/],
    [{ API_TOKENS: `ann:${token},bob:${token}b`, JWT_SECRET: token }, 'well', /for ann, bob, holders of a JWT$/],
    [{ API_TOKENS: 'ann:short' }, 'warning', /^The token of ann in API_TOKENS has fewer than 16/],
    [{ WEBHOOK_SECRET: 'short' }, 'warning', /^WEBHOOK_SECRET has fewer than 16 characters/],
    [{ JWT_SECRET: 'short' }, 'warning', /^JWT_SECRET has fewer than 16 characters/],
    [{ HOST: '0.0.0.0' }, 'problem', /^Nobody could be known at 0\.0\.0\.0: set API_TOKENS/],
    [
      { HOST: '203.0.113.7', JWT_SECRET: token },
      'problem',
      /^The server cannot listen at 203\.0\.113\.7.*EADDRNOTAVAIL/,
    ],
  ])('with %o finds it %s', async (variables, state, message) => {
    expect(await examine(variables)).toMatchObject({
      key: 'server',
      state,
      message: expect.stringMatching(message),
    });
  });

  it('leaves open whose a port in use is', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    expect(await examine({ PORT: port })).toMatchObject({
      state: 'note',
      message: expect.stringContaining(port),
    });
    other.close();
  });
});

import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/core/environment.ts';
import { isLoopback, readServerSettings } from '../../src/server/settings.ts';

function read(variables: Record<string, string>) {
  const environment = readEnvironment(variables);
  return { settings: readServerSettings(environment), problems: environment.problems, secrets: environment.secrets };
}

describe("the server's settings", () => {
  it('keep to this machine and know nobody unless told otherwise', () => {
    const { settings, problems } = read({});
    expect(problems).toEqual([]);
    expect(settings).toEqual({
      host: '127.0.0.1',
      port: 3000,
      tokens: [],
      jwtSecret: undefined,
      uploadsPublic: false,
      corsOrigins: [],
      imagesPerMinute: 60,
      imagesAtOnce: 4,
      trustedProxies: [],
      notionWebhookToken: undefined,
      webhookSecret: undefined,
    });
  });

  it('read tokens with their owners, of whom one may have several', () => {
    const { settings, secrets } = read({
      API_TOKENS: 'ann:first-token, bob:with:colon,ann:second-token,',
      HOST: '0.0.0.0',
    });
    expect(settings.tokens).toEqual([
      { name: 'ann', token: 'first-token' },
      { name: 'bob', token: 'with:colon' },
      { name: 'ann', token: 'second-token' },
    ]);
    expect(secrets).toEqual(expect.arrayContaining(['first-token', 'with:colon', 'second-token']));
  });

  it.each([
    [{ HOST: '0.0.0.0' }, /^HOST is "0\.0\.0\.0", which others can reach: set API_TOKENS or JWT_SECRET/],
    [{ HOST: 'my host' }, /^HOST is "my host": give an address/],
    [{ PORT: '65536' }, /^PORT is "65536": give a whole number from 0 to 65535\.$/],
    [{ API_TOKENS: 'only-a-token' }, /^API_TOKENS holds a part that is not name:token/],
    [{ API_TOKENS: 'ann:same,bob:same' }, /^API_TOKENS holds the same token twice/],
    [
      { CORS_ORIGINS: 'https://app.example.com/path' },
      /^CORS_ORIGINS names "https:\/\/app\.example\.com\/path": give origins/,
    ],
    [{ CORS_ORIGINS: '*' }, /^CORS_ORIGINS names "\*"/],
    [{ API_TOKENS: 'ann:a b' }, /^API_TOKENS holds a part that is not name:token, or a token with a space/],
    [{ API_TOKENS: ',' }, /^API_TOKENS names nobody/],
    [{ TRUSTED_PROXIES: '127.0.0.1,proxy' }, /^TRUSTED_PROXIES names "proxy": give addresses/],
    [{ TRUSTED_PROXIES: '10.0.0.0/33' }, /^TRUSTED_PROXIES names "10\.0\.0\.0\/33"/],
    [{ UPLOADS_PUBLIC: 'perhaps' }, /^UPLOADS_PUBLIC is "perhaps"/],
    [{ API_IMAGES_AT_ONCE: '0' }, /^API_IMAGES_AT_ONCE is "0"/],
  ])('say what is wrong: %o', (variables, sentence) => {
    expect(read(variables).problems).toEqual([expect.stringMatching(sentence)]);
  });

  it('never show a token in what they say', () => {
    const { problems } = read({ API_TOKENS: 'leaked-token,ann:hidden-token,bob:hidden-token' });
    expect(problems.join(' ')).not.toMatch(/leaked-token|hidden-token/);
  });

  it.each(['0.0.0.0', '::', '192.168.1.4', 'example.com'])('let %s serve once somebody can be known', (HOST) => {
    expect(read({ HOST, JWT_SECRET: 'a-secret-of-the-application' }).problems).toEqual([]);
    expect(read({ HOST, API_TOKENS: 'ann:token' }).problems).toEqual([]);
  });

  it('take origins as browsers send them', () => {
    expect(read({ CORS_ORIGINS: 'https://App.example.com, http://localhost:5173/' }).settings.corsOrigins).toEqual([
      'https://app.example.com',
      'http://localhost:5173',
    ]);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['127.example.com', false],
    ['::', false],
  ])('know whether %s is reached from this machine alone: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

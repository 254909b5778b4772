import { isIP } from 'node:net';
import type { Environment } from '../core/environment.ts';

/** The settings of the HTTP server. */
export interface ServerSettings {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Bearer tokens with their owners' names; one owner may have several. */
  tokens: readonly { name: string; token: string }[];
  jwtSecret: string | undefined;
  /** Are images made over HTTP served to everyone? */
  uploadsPublic: boolean;
  /** Origins whose pages may call the API, such as `https://app.example.com`. */
  corsOrigins: readonly string[];
  /** Images that one user may ask for in any minute, and have made at once. */
  imagesPerMinute: number;
  imagesAtOnce: number;
  /** Addresses of proxies that are believed who a request comes from. */
  trustedProxies: readonly string[];
  /** Authenticates Notion's own notices. */
  notionWebhookToken: string | undefined;
  /** Authenticates buttons and automations. */
  webhookSecret: string | undefined;
}

/** Reads HOST, PORT, API_TOKENS and so on; a host beyond this machine needs somebody to know callers by. */
export function readServerSettings(environment: Environment): ServerSettings {
  const tokens = readTokens(environment);
  const jwtSecret = environment.secret('JWT_SECRET');
  const host = environment.text('HOST', '127.0.0.1');
  if (!isHost(host)) environment.problem(`HOST is "${host}": give an address of this machine, such as 127.0.0.1.`);
  else if (!isLoopback(host) && tokens.length === 0 && jwtSecret === undefined) {
    environment.problem(
      `HOST is "${host}", which others can reach: set API_TOKENS or JWT_SECRET so that callers can be known, or leave HOST at 127.0.0.1.`,
    );
  }
  return {
    host,
    port: environment.number('PORT', { fallback: 3000, min: 0, max: 65_535, whole: true }),
    tokens,
    jwtSecret,
    uploadsPublic: environment.flag('UPLOADS_PUBLIC', false),
    corsOrigins: readOrigins(environment),
    trustedProxies: readProxies(environment),
    imagesPerMinute: environment.number('API_IMAGES_PER_MINUTE', { fallback: 60, min: 1, max: 10_000, whole: true }),
    imagesAtOnce: environment.number('API_IMAGES_AT_ONCE', { fallback: 4, min: 1, max: 1000, whole: true }),
    notionWebhookToken: environment.secret('NOTION_WEBHOOK_TOKEN'),
    webhookSecret: environment.secret('WEBHOOK_SECRET'),
  };
}

/** Is it reached from this machine alone? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function isHost(host: string): boolean {
  return isIP(host) !== 0 || /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host);
}

function readTokens(environment: Environment): ServerSettings['tokens'] {
  const given = environment.secretParts('API_TOKENS');
  const parts = (given ?? '').split(',').map((part) => part.trim());
  const tokens = parts.filter(Boolean).flatMap((part) => {
    // A token goes in a header, which takes no other characters.
    const [, name, token] = /^([^:]*[^:\s]):([\u0021-\u007e]+)$/.exec(part) ?? [];
    if (name === undefined || token === undefined) {
      environment.problem(
        'API_TOKENS holds a part that is not name:token, or a token with a space or an unusual character: write name:token,name:token.',
      );
      return [];
    }
    environment.markSecret(token);
    return { name, token };
  });
  if (given !== undefined && parts.every((part) => part === '')) {
    environment.problem('API_TOKENS names nobody: write name:token,name:token, or leave it empty.');
  }
  if (new Set(tokens.map(({ token }) => token)).size < tokens.length) {
    environment.problem('API_TOKENS holds the same token twice: give each name its own.');
  }
  return tokens;
}

function readProxies(environment: Environment): string[] {
  return listOf(environment, 'TRUSTED_PROXIES').filter((part) => {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(part) ?? [];
    const family = isIP(address);
    if (family !== 0 && Number(bits ?? 0) <= (family === 4 ? 32 : 128)) return true;
    environment.problem(
      `TRUSTED_PROXIES names "${part}": give addresses such as 127.0.0.1 or 172.16.0.0/12, with commas between.`,
    );
    return false;
  });
}

function listOf(environment: Environment, name: string): string[] {
  const parts = (environment.optional(name) ?? '').split(',').map((part) => part.trim());
  return parts.filter(Boolean);
}

function readOrigins(environment: Environment): string[] {
  return listOf(environment, 'CORS_ORIGINS').flatMap((part) => {
    const url = URL.canParse(part) ? new URL(part) : undefined;
    if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
    environment.problem(
      `CORS_ORIGINS names "${part}": give origins such as https://app.example.com, with commas between.`,
    );
    return [];
  });
}

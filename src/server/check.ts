import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Finding } from '../core/finding.ts';
import { errorCode } from '../state/disk-error.ts';
import { isLoopback, type ServerSettings } from './settings.ts';

/** Shorter ones can be guessed; `openssl rand -hex 32` makes 64 characters. */
const shortestSecret = 16;

const finding = (state: Finding['state'], message: string): Finding => {
  return { key: 'server', about: 'Status page and HTTP API', state, message };
};

/** Checks whether the server could listen, and whether its callers would have to prove who they are. */
export async function checkServer(settings: ServerSettings): Promise<Finding> {
  const { host, port, tokens, jwtSecret } = settings;
  if (tokens.length === 0 && jwtSecret === undefined && !isLoopback(host)) {
    return finding('problem', `Nobody could be known at ${host}: set API_TOKENS or JWT_SECRET.`);
  }
  const code = await tryListening(host, port);
  if (code === 'EADDRINUSE') {
    return finding('note', `Port ${port} is in use: well if it is this worker, else set PORT to another.`);
  }
  if (code !== undefined) {
    return finding('problem', `The server cannot listen at ${host}, port ${port} (${code}): correct HOST and PORT.`);
  }
  const weak = weakSecret(settings);
  if (weak !== undefined) return finding('warning', weak);
  const names = [...new Set(tokens.map(({ name }) => name)), ...(jwtSecret === undefined ? [] : ['holders of a JWT'])];
  const callers = names.length === 0 ? 'this machine alone' : names.join(', ');
  return finding('well', `can listen at ${host}, port ${port}, for ${callers}`);
}

/** Which secret of the settings could be guessed, in words; undefined when none could. */
export function weakSecret({ tokens, jwtSecret, webhookSecret }: ServerSettings): string | undefined {
  const secrets = [
    ...tokens.map(({ name, token }) => [`The token of ${name} in API_TOKENS`, token] as const),
    ['JWT_SECRET', jwtSecret] as const,
    ['WEBHOOK_SECRET', webhookSecret] as const,
  ];
  const weak = secrets.find(([, secret]) => secret !== undefined && secret.length < shortestSecret);
  if (!weak) return undefined;
  return `${weak[0]} has fewer than ${shortestSecret} characters and could be guessed: make one with openssl rand -hex 32.`;
}

/** The code of what went wrong; undefined when nothing did. */
async function tryListening(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen({ host, port }), 'listening');
    return undefined;
  } catch (error) {
    return errorCode(error) ?? 'unknown';
  } finally {
    server.close();
  }
}

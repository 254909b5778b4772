import type { FastifyInstance } from 'fastify';
import { ConfigError } from '../core/errors.ts';
import { buildServer } from './build.ts';
import { weakSecret } from './check.ts';
import type { ServerParts } from './parts.ts';
import type { ServerSettings } from './settings.ts';

/** The HTTP server, listening; `close` takes nothing new, lets answers under way end for a moment, and cuts off the rest. */
export type HttpServer = Awaited<ReturnType<typeof listen>>;

/** How long answers under way may take to end. */
const graceMs = 1000;

/** Builds the server and begins to listen. @throws {ConfigError} when it cannot listen. */
export async function startServer(parts: ServerParts, settings: ServerSettings): Promise<HttpServer> {
  const weak = weakSecret(settings);
  if (weak !== undefined) parts.log.warn({}, weak);
  const server = await listen(await buildServer(parts, settings), parts, settings);
  parts.log.info({ url: server.url }, `Status page and HTTP API: ${server.url}`);
  return server;
}

/** Begins to listen with an app that is built; one that cannot listen is closed. @throws {ConfigError} */
export async function listen(app: FastifyInstance, { clock }: Pick<ServerParts, 'clock'>, settings: ServerSettings) {
  const { port } = settings;
  // Fastify would listen on two addresses, of which it closes but one in time.
  const host = settings.host === 'localhost' ? '127.0.0.1' : settings.host;
  let closing: Promise<void> | undefined;

  const close = async () => {
    const closed = new AbortController();
    const cutOff = async () => {
      await clock.sleep(graceMs, closed.signal);
      app.server.closeAllConnections();
    };
    const cut = cutOff().catch(() => {});
    await app.close();
    closed.abort();
    await cut;
  };

  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw listenError(error, host, port);
  }
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () => (closing ??= close()),
  };
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ConfigError(`PORT ${port} is in use: end what uses it, or set PORT to another number.`, error);
    case 'EACCES':
      return new ConfigError(`PORT ${port} may not be used by this user: set PORT to a number above 1023.`, error);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new ConfigError(`HOST is "${host}", which is no address of this machine: set HOST to 127.0.0.1.`, error);
    default:
      return error;
  }
}

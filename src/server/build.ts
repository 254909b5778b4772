import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import jwt from '@fastify/jwt';
import serveFiles from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { controlRoutes } from './routes/control.ts';
import { cookieKey, createCredentials, type Credentials } from './auth/credentials.ts';
import { describeApi } from './routes/docs.ts';
import { answerErrors, answerRaw, sendError } from './error-handler.ts';
import { generateImageRoutes } from './routes/generate-image.ts';
import { guardRoutes, identifyCallers } from './auth/guard.ts';
import { healthRoutes } from './routes/health.ts';
import { stopping } from './http-error.ts';
import { imageStatusRoutes } from './routes/image-status.ts';
import { limitRequests } from './limits.ts';
import { liveRoutes } from './routes/live.ts';
import { loginRoutes } from './auth/login.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { importMapHash, pageRoutes } from './routes/page.ts';
import type { ServerParts } from './parts.ts';
import type { ServerSettings } from './settings.ts';
import { createProviderRecord, type ProviderRecord } from '../monitoring/overview/provider-record.ts';
import { securityHeaders } from './security-headers.ts';
import { syncRoutes } from './routes/sync.ts';
import { refuseUnknownRoutes } from './routes/unknown-routes.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { webhookRoutes } from './routes/webhook.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The last results of each provider's calls. */
    providerRecord: ProviderRecord;
    /** Undefined where everyone on this machine is trusted. */
    credentials: Credentials | undefined;
  }
}

/** Requests are small: images only go out. */
const longestBodyBytes = 64 * 1024;
const longestParameter = 500;
/** Each connection takes a file handle, and the worker needs some for its own files and calls. */
const mostConnections = 250;

/** The routes and the hooks that run before them; the server does not listen yet. */
export async function buildServer(parts: ServerParts, settings: ServerSettings): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: longestBodyBytes,
    // For a request to come in; an answer may take as long as it takes.
    requestTimeout: 30_000,
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 5_000 },
    // Longer than proxies keep theirs, so that it is they who end an idle connection.
    keepAliveTimeout: 65_000,
    // Answered by a hook of ours, in the shape of our errors.
    return503OnClosing: false,
    routerOptions: { maxParamLength: longestParameter },
    clientErrorHandler: answerRaw,
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply, parts),
  });
  app.server.maxConnections = mostConnections;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  parseJsonOnly(app);
  answerErrors(app, parts);
  logRequests(app, parts);
  await securityHeaders(app, importMapHash);
  if (settings.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...settings.corsOrigins],
      credentials: true,
      methods: ['GET', 'HEAD', 'POST'],
      allowedHeaders: ['Authorization', 'Content-Type'],
      exposedHeaders: ['Retry-After'],
      strictPreflight: false,
    });
  }
  refuseWhileStopping(app, parts.signal);
  await app.register(cookie);
  await app.register(jwt, { secret: cookieKey(settings) });
  const isGuarded = settings.tokens.length > 0 || settings.jwtSecret !== undefined;
  const credentials = isGuarded ? createCredentials(app.jwt, settings, parts.clock) : undefined;
  app.decorate('credentials', credentials);
  app.decorate('providerRecord', createProviderRecord(parts.events));
  identifyCallers(app, credentials);
  await limitRequests(app);
  refuseUnknownRoutes(app);
  guardRoutes(app, settings);
  await app.register(serveFiles, { serve: false });
  await describeApi(app, parts);
  for (const routes of [
    healthRoutes,
    loginRoutes,
    generateImageRoutes,
    imageStatusRoutes,
    uploadRoutes,
    syncRoutes,
    controlRoutes,
    webhookRoutes,
    metricsRoutes,
    liveRoutes,
    pageRoutes,
  ]) {
    await app.register(routes(parts, settings));
  }
  await app.ready();
  return app;
}

/** JSON it is, or nothing: clients that always name a type send an empty body too. */
function parseJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null);
    else void parse(request, body.toString(), done);
  });
}

/** Health is still answered, so that a monitoring system sees a stop and not a fault. */
function refuseWhileStopping(app: FastifyInstance, signal: AbortSignal): void {
  let isClosing = false;
  app.addHook('preClose', async () => void (isClosing = true));
  app.addHook('onRequest', async ({ routeOptions }) => {
    if ((isClosing || signal.aborted) && routeOptions.config.rateLimit !== false) throw stopping();
  });
}

/** One line a request, which names the route and never the address, where secrets may stand. */
function logRequests(app: FastifyInstance, { log }: ServerParts): void {
  app.addHook('onResponse', async ({ method, routeOptions, caller }, reply) => {
    const data = {
      method,
      route: routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
      userId: caller?.id,
    };
    log.debug(data, 'HTTP: answered');
  });
}

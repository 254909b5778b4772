import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError, notFound } from '../http-error.ts';

/** Answers what no route takes, before its body is read; must come before the routes. */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  const routes: { pattern: RegExp; methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });

  const refusal = (request: FastifyRequest): HttpError => {
    const [path = ''] = request.url.split('?');
    const taken = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods));
    if (taken.size === 0 || taken.has(request.method)) return notFound();
    const allow = [...taken].toSorted().join(', ');
    return new HttpError(405, 'Method not allowed', `This address takes ${allow} only.`, { headers: { allow } });
  };

  app.addHook('onRequest', async (request) => {
    if (request.is404) throw refusal(request);
  });
  app.setNotFoundHandler((request) => {
    throw refusal(request);
  });
}

/** What a route's address, such as `/api/sync/:id`, matches. */
function patternOf(url: string): RegExp {
  const parts = url.split(/(:[^/]+|\*)/).map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('')}$`);
}

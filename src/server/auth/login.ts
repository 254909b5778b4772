import formBody from '@fastify/formbody';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { giveCookie, takeCookies } from './cookies.ts';
import { localPath, wantsPage } from './guard.ts';
import { errorAnswers, HttpError } from '../http-error.ts';
import { unknownRequestsPerMinute } from '../limits.ts';
import { loginPage } from './login-page.ts';
import { refuseForeignOrigin } from './origin.ts';
import type { ServerParts } from '../parts.ts';
import type { ServerSettings } from '../settings.ts';

const tokenProblem = 'token is not a text: send one of API_TOKENS, or a JWT.';
const loginBody = z.object(
  {
    token: z
      .string(tokenProblem)
      .trim()
      .min(1, 'token is missing: send one of API_TOKENS, or a JWT.')
      .max(8192, tokenProblem),
    next: z.string().max(2000).optional().describe('Where the form leads to; a path of this server.'),
  },
  'The body is not an object: send {"token": "…"}.',
);
const open = { access: 'open' } as const;
/** Whoever is logged in may guess no faster than an unknown caller. */
const openToGuesses = { ...open, perAddress: unknownRequestsPerMinute };

/** The cookie of pages: `GET /login` is a form, `POST /login` takes a token, `POST /logout` takes the cookie away. */
export function loginRoutes(_: ServerParts, { corsOrigins }: ServerSettings): FastifyPluginAsyncZod {
  return async (app) => {
    const { credentials } = app;
    await app.register(formBody, { bodyLimit: 16 * 1024 });

    app.get(
      '/login',
      { config: open, schema: { hide: true, querystring: z.object({ next: z.unknown().optional() }) } },
      async (request, reply) => {
        if (!credentials) return reply.redirect('/', 303);
        const { next } = request.query;
        return sendPage(reply, 200, loginPage({ next: localPath(typeof next === 'string' ? next : undefined) }));
      },
    );

    const login = {
      tags: ['login'],
      summary: 'Take a cookie for a token',
      security: [],
      body: loginBody,
      response: {
        200: z.object({ success: z.literal(true), userId: z.string() }).describe('The cookie is set.'),
        ...errorAnswers(400, 401, 403, 413, 415, 429, 500, 503),
      },
    };
    app.post('/login', { config: openToGuesses, schema: login, attachValidation: true }, async (request, reply) => {
      refuseForeignOrigin(request, corsOrigins);
      const next = nextOf(request.body);
      if (!credentials) return reply.redirect('/', 303);
      const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
      if (request.validationError && !isForm) throw request.validationError;
      const identity = request.validationError ? undefined : credentials.ofBearer(request.body.token);
      if (!identity) {
        const problem = 'The token is not known or has run out: check it and try again.';
        if (isForm) return sendPage(reply, 401, loginPage({ next, error: problem }));
        throw new HttpError(401, 'Unauthorized', problem, { headers: { 'www-authenticate': 'Bearer' } });
      }
      giveCookie(reply, credentials, identity, 'session');
      return isForm ? reply.redirect(next, 303) : { success: true as const, userId: identity.id };
    });

    const logout = {
      tags: ['login'],
      summary: 'Give the cookie back',
      security: [],
      response: {
        200: z.object({ success: z.literal(true) }).describe('The cookie is gone.'),
        ...errorAnswers(403, 429),
      },
    };
    app.post('/logout', { config: open, schema: logout }, async (request, reply) => {
      refuseForeignOrigin(request, corsOrigins);
      takeCookies(reply);
      return wantsPage(request) ? reply.redirect('/login', 303) : { success: true as const };
    });
  };
}

function sendPage(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(html);
}

function nextOf(body: unknown): string {
  const { data } = z.object({ next: z.string() }).safeParse(body);
  return localPath(data?.next);
}

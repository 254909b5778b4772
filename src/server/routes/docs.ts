import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { ServerParts } from '../parts.ts';

/** `/docs`: the API, described by the schemas that check it; must be registered before the routes. */
export async function describeApi(app: FastifyInstance, { version }: Pick<ServerParts, 'version'>): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'notion-to-facebook',
        description:
          'Pictures by a chain of providers, and the worker that gives them to the rows of a Notion database.',
        version,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: [
        { name: 'pictures', description: 'Made by the chain, and those that were made.' },
        { name: 'worker', description: 'Passes over the board.' },
        { name: 'status page', description: 'What the page shows.' },
        { name: 'notices', description: 'That a row was marked.' },
        { name: 'login', description: 'Cookies for pages.' },
        { name: 'health', description: 'For whoever watches the process.' },
        { name: 'operation', description: 'For whoever measures it.' },
      ],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A token of API_TOKENS, or a JWT signed with JWT_SECRET.',
          },
          cookie: { type: 'apiKey', in: 'cookie', name: 'ntf_session', description: 'Given by POST /login.' },
        },
      },
      security: [{ bearer: [] }, { cookie: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { validatorUrl: null, displayRequestDuration: true },
    staticCSP: {
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'", "'unsafe-inline'"],
      'img-src': ["'self'", 'data:'],
      'font-src': ["'self'", 'data:'],
      'connect-src': ["'self'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  });
}

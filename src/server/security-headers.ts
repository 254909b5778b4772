import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Headers that forbid browsers what no page of ours needs. */
export async function securityHeaders(app: FastifyInstance, importMapHash: string): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'", `'${importMapHash}'`],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'connect-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    // Plain http on the loopback is the usual case; TLS, and the promise of it, belong to a proxy.
    strictTransportSecurity: false,
    // With `no-referrer` a form of ours would be sent with `Origin: null`.
    referrerPolicy: { policy: 'same-origin' },
  });
  app.addHook('onRequest', async (_, reply) => void reply.header('cache-control', 'no-store'));
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { HttpError, notFound } from '../http-error.ts';
import type { ServerParts } from '../parts.ts';
import type { ServerSettings } from '../settings.ts';

const designFolder = new URL('../../../assets/page/', import.meta.url);
/** The same from the sources and from the compiled code. */
const compiledFolder = fileURLToPath(new URL('../../../dist/server/page/', import.meta.url));
const html = readFileSync(new URL('index.html', designFolder), 'utf8');

/** What the page's import map leads to. */
const packageModules = {
  'preact.js': 'preact',
  'preact-hooks.js': 'preact/hooks',
  'preact-jsx-runtime.js': 'preact/jsx-runtime',
};
/** What the login page needs too, and what browsers ask for by themselves. */
const openFiles = { '/page/page.css': 'page.css', '/page/icon.svg': 'icon.svg', '/favicon.ico': 'icon.svg' };

const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Hash of the import map, the page's only inline script, for the content security policy. */
export const importMapHash = `sha256-${createHash('sha256').update(importMapOf(html)).digest('base64')}`;

interface Asset {
  body: Buffer;
  mediaType: string;
  etag: string;
}

/** The status page: its HTML, and its fixed set of modules and styles. `compiled` is the folder of the page's modules. */
export function pageRoutes(
  parts: ServerParts,
  _settings: ServerSettings,
  { compiled = compiledFolder }: { compiled?: string } = {},
): FastifyPluginAsyncZod {
  return async (app) => {
    const modules = await pageModules(compiled);
    if (modules.size === 0) parts.log.warn({ compiled }, 'The status page is not compiled: run npm run build');
    const document = asset('index.html', Buffer.from(html));

    app.get('/', { schema: { hide: true } }, async (request, reply) => {
      if (modules.size > 0) return send(document, request, reply);
      const message = 'The status page is not compiled: run npm run build, then restart the worker.';
      throw new HttpError(503, 'No page', message);
    });
    for (const [path, name] of Object.entries(openFiles)) {
      const file = asset(name, await readFile(new URL(name, designFolder)));
      const options = { config: { access: 'open' as const }, schema: { hide: true } };
      app.get(path, options, async (request, reply) => send(file, request, reply));
    }
    const schema = { hide: true, params: z.object({ name: z.string() }) };
    app.get('/page/:name', { schema }, async (request, reply) => {
      const found = modules.get(request.params.name);
      if (!found) throw notFound();
      return send(found, request, reply);
    });
  };
}

async function pageModules(compiled: string): Promise<Map<string, Asset>> {
  const names = await readdir(compiled).catch(() => []);
  const own = names.filter((name) => extname(name) === '.js');
  if (own.length === 0) return new Map();
  const ofPackages = Object.entries(packageModules).map(([name, specifier]) => {
    return [name, fileURLToPath(import.meta.resolve(specifier))] as const;
  });
  const paths = [...own.map((name) => [name, `${compiled}/${name}`] as const), ...ofPackages];
  const assets = paths.map(async ([name, path]) => [name, asset(name, await readFile(path))] as const);
  return new Map(await Promise.all(assets));
}

function asset(name: string, body: Buffer): Asset {
  const mediaType = mediaTypes[extname(name)] ?? 'application/octet-stream';
  return { body, mediaType, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** The browser caches a file and revalidates it each time, so that a page never mixes two versions. */
function send({ body, mediaType, etag }: Asset, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.header('etag', etag).header('cache-control', 'no-cache');
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(etag)) return reply.code(304).send();
  return reply.type(mediaType).send(body);
}

function importMapOf(page: string): string {
  const [, text] = /<script type="importmap">([^<]*)<\/script>/.exec(page) ?? [];
  if (text === undefined) throw new Error('The status page has no import map.');
  return text;
}

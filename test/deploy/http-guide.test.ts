import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { settingsRead } from '../../src/config/config.ts';
import { asAnn, openServer, type OpenServer } from '../support/server/setup.ts';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const text = await readFile(join(docs, 'http.md'), 'utf8');
const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

/** A path whose variable parts are all alike. */
const shape = (path: string) => path.replaceAll(/[{<][^}>]+[}>]/g, '*').replace('/uploads/…', '/uploads/images/*/*');

let server: OpenServer;
beforeAll(async () => void (server = await openServer()));
afterAll(async () => server.close());

describe('docs/http.md', () => {
  it('leads only to files and headings that are there', () => {
    const titles = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
    const anchors = new Set(titles.map((title) => `#${title.toLowerCase().replaceAll(' ', '-')}`));
    const targets = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    const missing = targets.filter((to) => (to.startsWith('#') ? !anchors.has(to) : !existsSync(join(docs, to))));
    expect(missing).toEqual([]);
  });

  it('names every address of the API, and none that is not there', async () => {
    const described = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
    const { paths } = described.parse((await server.inject({ url: '/docs/json', headers: asAnn })).json());
    const offered = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${shape(path)}`),
    );
    const named = spans.filter((span) => /^(GET|POST) \//.test(span)).map(shape);
    const bare = spans.filter((span) => /^\/[a-z]/.test(span)).map((path) => `GET ${shape(path)}`);
    const known = new Set([...named, ...bare]);
    const lacking = offered.filter((route) => !known.has(route) && !route.startsWith('GET /thumbnails/'));
    expect(lacking).toEqual([]);
    for (const route of named) {
      const [method = 'GET', path = ''] = route.split(' ');
      if (offered.includes(route) || path.includes('…') || path.includes('*')) continue;
      const { statusCode } = await server.inject({
        method: method === 'POST' ? 'POST' : 'GET',
        url: path,
        headers: asAnn,
      });
      expect([404, 405], route).not.toContain(statusCode);
    }
  });

  it('names only metrics and settings that are there', async () => {
    const metrics = (await server.inject({ url: '/metrics', headers: asAnn })).body;
    const named = [...text.matchAll(/\bntf_[a-z_]+/g)].map(([name]) => name);
    expect(named).not.toEqual([]);
    expect(named.filter((name) => !metrics.includes(`# HELP ${name} `))).toEqual([]);
    const settings = settingsRead({});
    const words = spans.filter((span) => /^[A-Z]+(?:_[A-Z]+)+$/.test(span));
    expect(words).not.toEqual([]);
    expect(words.filter((word) => !settings.has(word))).toEqual([]);
  });
});

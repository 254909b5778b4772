import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('docs/adding-a-provider.md', () => {
  const page = read('docs/adding-a-provider.md');
  const quotations = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);

  it('quotes code', () => {
    expect(quotations.length).toBeGreaterThan(5);
  });

  it.each(quotations)('quotes what stands in src/providers/cloudflare/cloudflare.ts: %s', (code) => {
    expect(read('src/providers/cloudflare/cloudflare.ts')).toContain(code);
  });

  it('names files that are there', () => {
    const paths = [...page.matchAll(/`((?:src|test)\/[\w/.-]+)`/g)].map(([, path = '']) => path);
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) expect(read(path), path).not.toBe('');
  });
});

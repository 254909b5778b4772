import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileSchema, loadSchemas } from './json-schemas.ts';

describe('loadSchemas', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'schemas-'));
    await writeFile(
      join(folder, 'types.d.ts'),
      'export type Cup = { size: 1 | 2 };\nexport type Saucer = { cup?: Cup };\n',
    );
  });
  afterEach(() => rm(folder, { recursive: true }));

  const load = (...types: string[]) => loadSchemas(join(folder, 'types.d.ts'), types, join(folder, 'cache', '1.json'));

  it('generates once, and leaves only the cache file', async () => {
    const generated = await load('Saucer');
    expect(await readdir(join(folder, 'cache'))).toEqual(['1.json']);
    await rm(join(folder, 'types.d.ts'));
    expect(await load('Saucer')).toEqual(generated);
  });

  it.each(['{"Cup":{', '{"Cup":null}', '{"Saucer":{"definitions":{}}}'])(
    'generates when the cache holds %s',
    async (held) => {
      await mkdir(join(folder, 'cache'));
      await writeFile(join(folder, 'cache', '1.json'), held);
      expect((await load('Cup'))['Cup']?.definitions).toHaveProperty('Cup.required', ['size']);
      await rm(join(folder, 'types.d.ts'));
      expect((await load('Cup'))['Cup']?.definitions).toHaveProperty('Cup.required', ['size']);
    },
  );

  it('leaves one whole file when several generate at once', async () => {
    const [one, other] = await Promise.all([load('Cup'), load('Cup')]);
    expect(one).toEqual(other);
    expect(await readdir(join(folder, 'cache'))).toEqual(['1.json']);
  });
});

describe('compileSchema', () => {
  it('falls back on the words of ajv for a rule that it cannot explain', () => {
    const schema = { type: 'string', minLength: 2 };
    expect(compileSchema(schema)('a', 'body')).toEqual(['body: data must NOT have fewer than 2 characters']);
  });

  it('tells of a key in an object that must stay empty', () => {
    const check = compileSchema({ type: 'object', additionalProperties: { not: {} } });
    expect(check({ a: 1 }, 'body')).toEqual(['body.a must not be there']);
  });

  it('treats names of Object as plain keys', () => {
    const check = compileSchema({ type: 'object', properties: {}, additionalProperties: false });
    expect(check(JSON.parse('{"toString":1}'), 'body')).toEqual(['body.toString is not known there']);
  });
});

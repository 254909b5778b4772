import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';

/** What of JSON Schema ts-json-schema-generator 2.4 writes for plain object types. */
export interface Schema {
  $ref?: string;
  definitions?: Record<string, Schema>;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  not?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
}

/** JSON Schemas of the named types of a declaration file, generated once and then read from the cache file. */
export async function loadSchemas(declarations: string, types: string[], cacheFile: string) {
  const cached = await readCache(cacheFile);
  if (cached && types.every((type) => Object.hasOwn(cached, type))) return cached;
  const { createGenerator } = await import('ts-json-schema-generator');
  const options = { skipTypeCheck: true, additionalProperties: false, expose: 'all', jsDoc: 'none' } as const;
  const generator = createGenerator({ path: declarations, ...options });
  const text = JSON.stringify(Object.fromEntries(types.map((type) => [type, generator.createSchema(type)])));
  await writeWhole(cacheFile, text);
  return parseSchemas(text);
}

/** Compiles a schema to a function that tells in words what is wrong with a value; nothing when it is fine. */
export function compileSchema(schema: Schema): (value: unknown, path: string) => string[] {
  const ajv = new Ajv({ strict: false });
  const validate = ajv.compile(schema);
  const { explain } = explainer(schema.definitions ?? {});
  return (value, path) => {
    if (validate(value)) return [];
    const problems = explain(schema, value, path);
    return problems.length > 0 ? problems : [`${path}: ${ajv.errorsText(validate.errors)}`];
  };
}

/** True for what JSON calls an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The path of a key inside an object, as JavaScript would write it. */
export function pathOf(path: string, key: string): string {
  return /^\w+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** ajv says of a union only that no branch fits; this picks the branch that was meant and says what is wrong there. */
function explainer(definitions: Record<string, Schema>) {
  const resolve = (schema: Schema): Schema => {
    if (schema.$ref === undefined) return schema;
    const target = definitions[decodeURIComponent(schema.$ref.replace('#/definitions/', ''))];
    if (!target) throw new Error(`the schema has no ${schema.$ref}`);
    return resolve(target);
  };

  const branchesOf = (schema: Schema): Schema[] => {
    const resolved = resolve(schema);
    return resolved.anyOf ? resolved.anyOf.flatMap(branchesOf) : [resolved];
  };

  const explain = (schema: Schema, value: unknown, path: string): string[] => {
    const branches = branchesOf(schema);
    const [only, second] = branches;
    return only && !second ? explainPlain(only, value, path) : explainUnion(branches, value, path);
  };

  const explainUnion = (branches: Schema[], value: unknown, path: string): string[] => {
    const sameKind = branches.filter((branch) => allows(branch, value));
    if (sameKind.length === 0) return [`${path} is ${kindOf(value)}, not ${list(branches.flatMap(kindsOf))}`];
    if (!isRecord(value)) return shortest(sameKind.map((branch) => explainPlain(branch, value, path)));
    const distances = sameKind.map((branch) => distance(branch, value));
    const least = Math.min(...distances);
    const nearest = sameKind.filter((_, index) => distances[index] === least);
    const wanted = nearest.flatMap((branch) => missingKeys(branch, value));
    if (nearest.length > 1 && wanted.length >= nearest.length) {
      return [`${path} has ${list(Object.keys(value), 'and')}, but none of ${list(wanted)}`];
    }
    return shortest(nearest.map((branch) => explainPlain(branch, value, path)));
  };

  const explainPlain = (schema: Schema, value: unknown, path: string): string[] => {
    if (schema.not) return [`${path} must not be there`];
    if (!allows(schema, value)) return [`${path} is ${kindOf(value)}, not ${list(kindsOf(schema))}`];
    const constants = constantsOf(schema);
    if (constants && !constants.includes(value)) {
      return [
        `${path} is ${JSON.stringify(value)}, not ${list(constants.map((constant) => JSON.stringify(constant)))}`,
      ];
    }
    const { items } = schema;
    if (Array.isArray(value) && items) return value.flatMap((item, index) => explain(items, item, `${path}[${index}]`));
    return isRecord(value) ? explainObject(schema, value, path) : [];
  };

  const explainObject = (schema: Schema, value: Record<string, unknown>, path: string): string[] => {
    const tags = wrongTags(schema, value);
    if (tags.length > 0) return tags.flatMap(([key, tag]) => explain(tag, value[key], pathOf(path, key)));
    const inside = Object.entries(value).flatMap(([key, item]) => {
      const property = propertyOf(schema, key) ?? schema.additionalProperties;
      if (property === false) return [`${pathOf(path, key)} is not known there`];
      return typeof property === 'object' ? explain(property, item, pathOf(path, key)) : [];
    });
    return [...missingKeys(schema, value).map((key) => `${pathOf(path, key)} is missing`), ...inside];
  };

  /** Properties that tell what kind of thing an object is, and tell another kind than the schema's. */
  const wrongTags = (schema: Schema, value: Record<string, unknown>): [string, Schema][] =>
    Object.entries(schema.properties ?? {}).filter(([key, property]) => {
      const tag = resolve(property).const;
      return tag !== undefined && value[key] !== undefined && value[key] !== tag;
    });

  /** How far an object is from a branch: a tag that says otherwise counts more than any key too many or too few. */
  const distance = (schema: Schema, value: Record<string, unknown>): number => {
    const isUnknown = (key: string) => schema.additionalProperties === false && !propertyOf(schema, key);
    const unknownKeys = Object.keys(value).filter(isUnknown).length;
    return wrongTags(schema, value).length * 1000 + missingKeys(schema, value).length + unknownKeys;
  };

  return { explain };
}

function propertyOf(schema: Schema, key: string): Schema | undefined {
  return schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
}

function missingKeys(schema: Schema, value: Record<string, unknown>): string[] {
  return (schema.required ?? []).filter((key) => value[key] === undefined);
}

function constantsOf(schema: Schema): unknown[] | undefined {
  return schema.const === undefined ? schema.enum : [schema.const];
}

function kindsOf(schema: Schema): string[] {
  const types = schema.type ?? constantsOf(schema)?.map(kindOf) ?? [];
  return typeof types === 'string' ? [types] : types;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function allows(schema: Schema, value: unknown): boolean {
  const kinds = kindsOf(schema);
  return kinds.length === 0 || kinds.includes(kindOf(value));
}

function shortest(lists: string[][]): string[] {
  return lists.toSorted((one, other) => one.length - other.length)[0] ?? [];
}

function list(words: (string | undefined)[], last = 'or'): string {
  const unique = [...new Set(words)];
  return unique.length > 1 ? `${unique.slice(0, -1).join(', ')} ${last} ${unique.at(-1)}` : (unique[0] ?? 'nothing');
}

async function readCache(file: string): Promise<Record<string, Schema> | undefined> {
  try {
    return parseSchemas(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function parseSchemas(text: string): Record<string, Schema> {
  const value: unknown = JSON.parse(text);
  if (!isSchemas(value)) throw new Error('the cached schemas are not what was written');
  return value;
}

function isSchemas(value: unknown): value is Record<string, Schema> {
  return isRecord(value) && Object.values(value).every((schema) => isRecord(schema) && isRecord(schema['definitions']));
}

/** Several test workers may write at once: each prepares a file of its own, and the last rename wins. */
async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const folder = await mkdtemp(join(dirname(file), 'new-'));
  try {
    await writeFile(join(folder, 'schemas.json'), text);
    await rename(join(folder, 'schemas.json'), file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

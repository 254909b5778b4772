import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';

const service = z.looseObject({
  image: z.string(),
  volumes: z.array(z.string()),
  env_file: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  profiles: z.array(z.string()).default([]),
});

const composeFile = z.looseObject({
  name: z.string(),
  services: z.looseObject({ worker: service, localai: service }),
  volumes: z.record(z.string(), z.unknown()),
});

/** Our own docker-compose.yml, as far as tests look at it. */
export async function ourComposeFile() {
  return composeFile.parse(parse(await readFile(new URL('../../../docker-compose.yml', import.meta.url), 'utf8')));
}

/** Tells in words what the Compose Specification's schema has against a file's text; nothing when it is valid. */
export async function createComposeCheck(): Promise<(text: string) => string[]> {
  const file = new URL('../../deploy/compose-spec/compose-spec.json', import.meta.url);
  const { $schema: _, ...schema } = z
    .looseObject({ $schema: z.string() })
    .parse(JSON.parse(await readFile(file, 'utf8')));
  const ajv = new Ajv({ strict: false, allErrors: true });
  const validate = ajv.compile(schema);
  return (text) =>
    validate(parse(text))
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

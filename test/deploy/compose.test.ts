import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { settingsRead } from '../../src/config/config.ts';

const text = await readFile(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
const service = z.looseObject({ volumes: z.array(z.string()), stop_grace_period: z.string().optional() });
const { services, volumes } = z
  .object({
    name: z.string(),
    services: z.object({ worker: service, localai: service }),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(parse(text));

describe('docker-compose.yml', () => {
  it('keeps the pictures in a named volume, where the worker writes them whatever .env says', () => {
    expect(services.worker).toMatchObject({ volumes: ['pictures:/data'], environment: { IMAGES_DIR: '/data' } });
  });

  it('declares every volume that a service mounts', () => {
    const mounted = Object.values(services).flatMap((each) => each.volumes.map((volume) => volume.split(':')[0] ?? ''));
    expect(mounted.toSorted()).toEqual(Object.keys(volumes).toSorted());
  });

  it('names only settings that the worker reads, in its comments too', () => {
    const named = [...text.matchAll(/\b[A-Z]+(?:_[A-Z]+)+(?=[:=])/g)].map(([name]) => name.replace(/_FILE$/, ''));
    expect(named).toContain('LOCALAI_API_URL');
    expect(named.filter((name) => !settingsRead({}).has(name))).toEqual([]);
  });

  it('gives the worker no power it can do without, and more time to stop than the 8 s it takes', () => {
    expect(services.worker).toMatchObject({
      read_only: true,
      tmpfs: [expect.stringMatching(/^\/tmp:/)],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      stop_grace_period: '30s',
    });
    for (const each of Object.values(services)) expect(each).not.toHaveProperty('ports');
  });
});

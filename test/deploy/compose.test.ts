import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createComposeCheck, ourComposeFile } from '../support/deploy/compose.ts';
import { imageOf, ourDockerfile } from '../support/deploy/dockerfile.ts';

const text = await readFile(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
const problems = await createComposeCheck();
const { services, volumes } = await ourComposeFile();
const { worker, localai } = services;
const image = imageOf(await ourDockerfile());

describe('docker-compose.yml', () => {
  it('is valid by the schema of the Compose Specification', () => {
    expect(problems(text)).toEqual([]);
    expect(problems(text.replace('read_only:', 'readonly:'))).not.toEqual([]);
    expect(problems(text.replace('init: true', 'init: 7'))).not.toEqual([]);
  });

  it('keeps the pictures in one named volume, whatever .env says of the folder', () => {
    const folder = image.environment['IMAGES_DIR'];
    expect(worker.volumes).toEqual([`pictures:${folder}`]);
    expect(worker.environment).toEqual({ IMAGES_DIR: folder });
  });

  it('declares every volume that a service names', () => {
    const named = [...worker.volumes, ...localai.volumes].map((volume) => volume.split(':')[0] ?? '');
    expect(Object.keys(volumes).toSorted()).toEqual(named.toSorted());
  });

  it('lets the worker write nowhere but into its volume and /tmp, and gives it no power it can do without', () => {
    expect(worker).toMatchObject({
      read_only: true,
      tmpfs: [expect.stringMatching(/^\/tmp:size=\d+m$/)],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(worker).not.toHaveProperty('privileged');
    expect(worker).not.toHaveProperty('user');
  });

  it('bounds memory, processes, processor and log', () => {
    expect(worker).toMatchObject({ mem_limit: '1g', pids_limit: 256, cpus: 1 });
    for (const service of [worker, localai]) {
      expect(service).toMatchObject({ logging: { driver: 'local', options: { 'max-size': '10m', 'max-file': '5' } } });
    }
  });

  it('starts again by itself, and leaves the worker more time to stop than it takes', () => {
    expect(worker).toMatchObject({ restart: 'unless-stopped', init: true, stop_grace_period: '30s' });
  });

  it('inherits command, user and health check from the image', () => {
    for (const key of ['command', 'entrypoint', 'healthcheck', 'stop_signal']) expect(worker).not.toHaveProperty(key);
  });

  it('offers LocalAI only by its profile, pinned, with a volume of its own and no port to the outside', () => {
    expect(worker.profiles).toEqual([]);
    expect(localai.profiles).toEqual(['localai']);
    expect(localai.image).toMatch(/^localai\/localai:v\d+\.\d+\.\d+$/);
    expect(localai.volumes).not.toContain(worker.volumes[0]);
    for (const service of [worker, localai]) expect(service).not.toHaveProperty('ports');
    expect(localai).toMatchObject({
      healthcheck: { test: expect.arrayContaining(['CMD', 'curl', expect.stringContaining(':8080/readyz')]) },
    });
  });

  it('names no image by a tag that moves without a word', () => {
    for (const service of [worker, localai]) expect(service.image).toMatch(/:(?!latest|master|main)[\w.-]+$/);
  });
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DoctorRuntime } from '../../src/app/commands.ts';
import { inspectSettings } from '../../src/config/config.ts';
import type { Finding } from '../../src/core/finding.ts';
import { silentLog } from '../../src/lib/log.ts';
import { acquireLock } from '../../src/state/lock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { demoProperties } from '../../src/cli/demo/demo.ts';
import { openMemory } from '../../src/state/provider-memory.ts';
import { doctorExitCode } from '../../src/setup/doctor.ts';
import { closedAddress } from '../support/cli/checks.ts';
import { startAutomatic1111 } from '../support/fakes/automatic1111.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createRandom } from '../support/random.ts';
import type { WorkerRig } from '../support/worker/setup.ts';
import { examineRig, keysIn, openHealthyRig } from '../support/setup/doctor.ts';

interface Planted {
  variables?: Record<string, string>;
  runtime?: Partial<DoctorRuntime>;
}

/** A mistake, where it is found, and what its sentence says. */
interface Mistake {
  name: string;
  key: string;
  gist: (string | RegExp)[];
  /** A warning leaves the exit code at 0. */
  state?: Finding['state'];
  /** What else it makes a problem of. */
  also?: string[];
  plant: (rig: WorkerRig) => Planted | void | Promise<Planted | void>;
}

const set = (variables: Record<string, string>) => () => ({ variables });

const mistakes: Mistake[] = [
  {
    name: 'no token',
    key: 'settings',
    gist: ['NOTION_TOKEN is not set', 'notion.so/developers'],
    plant: set({ NOTION_TOKEN: '' }),
  },
  {
    name: 'a database that is no id',
    key: 'settings',
    gist: ['NOTION_DATABASE_ID is "the posts"', "page's address"],
    plant: set({ NOTION_DATABASE_ID: 'the posts' }),
  },
  {
    name: 'no provider',
    key: 'settings',
    gist: ['HUGGINGFACE_API_KEY', 'placeholder'],
    plant: set({ IMAGE_PROVIDERS: 'huggingface' }),
  },
  {
    name: 'an old Node.js',
    key: 'node',
    gist: ['20.18.3 is not supported', 'install Node.js 24'],
    plant: () => ({ runtime: { nodeVersion: '20.18.3' } }),
  },
  {
    name: 'a wrong token',
    key: 'token',
    gist: ['refused the token', 'check NOTION_TOKEN'],
    plant: set({ NOTION_TOKEN: 'ntn_of_another' }),
  },
  {
    name: 'an address of the API with a path',
    key: 'token',
    gist: ['check NOTION_API_URL'],
    plant: async () => ({ variables: { NOTION_API_URL: await addressThatIsNotNotions() } }),
  },
  {
    name: 'the upload limit of the free plan',
    key: 'upload-limit',
    state: 'warning',
    gist: ['5 MiB', 'JPEG'],
    plant: (rig) => void (rig.board.options.maxUploadBytes = 5 * 1024 * 1024),
  },
  {
    name: 'a database that is not shared',
    key: 'database',
    gist: ['••• → Connections', 'NOTION_DATABASE_ID'],
    plant: (rig) => void (rig.board.options.shared = false),
  },
  {
    name: 'several data sources',
    key: 'database',
    gist: ['several data sources', 'Archive (', 'set NOTION_DATABASE_ID'],
    plant: (rig) => void rig.database.addDataSource('Archive', demoProperties()),
  },
  {
    name: 'a database in the trash',
    key: 'database',
    gist: ["in Notion's trash", 'restore it'],
    plant: (rig) => rig.database.change({ inTrash: true }),
  },
  {
    name: 'a connection that may not read',
    key: 'database',
    gist: ['switch on “Read content”'],
    plant: (rig) => void (rig.board.options.capabilities = { readContent: false }),
  },
  {
    name: 'no Status property',
    key: 'property.status',
    gist: ['no property "Status"', 'add a Status property', 'NOTION_PROPERTY_STATUS'],
    plant: (rig) => rig.database.removeProperty('Status'),
  },
  {
    name: 'a Status property of a wrong type',
    key: 'property.status',
    gist: ['of type multi_select', 'status or select', 'change its type'],
    plant: (rig) => {
      rig.database.removeProperty('Status');
      rig.database.setPropertySchema('Status', { multi_select: {} });
    },
  },
  {
    name: 'a Prompt property of a wrong type',
    key: 'property.prompt',
    gist: ['of type url', 'needs rich_text', 'NOTION_PROPERTY_PROMPT'],
    plant: (rig) => rig.database.setPropertySchema('Prompt', { url: {} }),
  },
  {
    name: 'an optional property of a wrong type',
    key: 'property.generatedAt',
    gist: ['of type rich_text', 'needs date', 'NOTION_PROPERTY_GENERATED_AT'],
    plant: (rig) => rig.database.setPropertySchema('Generated at', { rich_text: {} }),
  },
  {
    name: 'no place for the picture',
    key: 'place',
    gist: ['"Image"', '"Image file"', 'add a Files & media property'],
    plant: (rig) => ['Image', 'Image file'].forEach((name) => rig.database.removeProperty(name)),
  },
  {
    name: 'a status option that is not there',
    key: 'status.image-ready',
    gist: ['no option "Image ready"', 'it has "Needs image"', 'NOTION_STATUS_IMAGE_READY'],
    plant: (rig) => rig.database.removeOption('Status', 'Image ready'),
  },
  {
    name: 'a connection that may not upload',
    key: 'capability.upload',
    gist: ['begin an upload', 'switch on “Insert content”'],
    also: ['capability.update'],
    plant: (rig) => void (rig.board.options.capabilities = { updateContent: false, insertContent: false }),
  },
  {
    name: 'a connection that may not update rows',
    key: 'capability.update',
    gist: ['update rows', 'switch on “Update content”'],
    plant: (rig) => void (rig.board.options.capabilities = { updateContent: false }),
  },
  {
    name: 'a provider out of reach',
    key: 'provider.stable-diffusion',
    gist: ['Stable Diffusion API is not accessible at http', 'SD_API_URL'],
    plant: async () => ({
      variables: { IMAGE_PROVIDERS: 'stable-diffusion', SD_ENABLED: 'true', SD_API_URL: await closedAddress() },
    }),
  },
  {
    name: "a checkpoint that a provider's server lacks",
    key: 'provider.stable-diffusion',
    gist: ['has no checkpoint "dreams"', 'set SD_MODEL to'],
    plant: async () => {
      const server = await startAutomatic1111();
      onTestFinished(() => server.close());
      return { variables: { ...localDrawing(server.url), SD_MODEL: 'dreams' } };
    },
  },
  {
    name: 'a file where the images folder is to be',
    key: 'folder',
    gist: ['a file stands in its way', 'IMAGES_DIR'],
    plant: async (rig) => {
      await writeFile(join(rig.folder, 'file'), '');
      return { variables: { IMAGES_DIR: join(rig.folder, 'file', 'images') } };
    },
  },
  {
    name: 'a disk that is nearly full',
    key: 'disk',
    gist: ['Only 99 MiB free', 'free some space', 'IMAGES_DIR'],
    plant: () => ({ runtime: { freeBytes: async () => 100 * 1024 ** 2 - 1 } }),
  },
  {
    name: 'a disk that fills up',
    key: 'disk',
    state: 'warning',
    gist: ['Only 1,023 MiB free', 'free some space'],
    plant: () => ({ runtime: { freeBytes: async () => 1024 ** 3 - 1 } }),
  },
  {
    name: 'a clock that is behind',
    key: 'clock',
    state: 'warning',
    gist: ["24 hours behind Notion's", 'network time'],
    plant: (rig) => void (rig.board.options.clockSkewMs = 86_400_000),
  },
  {
    name: 'secrets that everybody can read',
    key: 'env-file',
    state: 'warning',
    gist: ['Everybody on this machine can read', 'chmod 600'],
    plant: async (rig) => {
      const envFile = join(rig.folder, '.env');
      await writeFile(envFile, '');
      await chmod(envFile, 0o644);
      return { runtime: { envFile } };
    },
  },
];

/** Where Notion answers as it does to a path that it does not know. */
async function addressThatIsNotNotions(): Promise<string> {
  const answer = { object: 'error', status: 400, code: 'invalid_request_url', message: 'Invalid request URL.' };
  const server = createServer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('There is no port.');
  return `http://127.0.0.1:${address.port}/v1`;
}

function localDrawing(url: string): Record<string, string> {
  return { IMAGE_PROVIDERS: 'stable-diffusion', SD_ENABLED: 'true', SD_API_URL: url };
}

describe('doctor', () => {
  it('finds nothing to mend where all is well', async () => {
    const rig = await openHealthyRig();
    rig.addRows(3);
    const findings = await examineRig(rig);
    expect(keysIn(findings, 'problem')).toEqual([]);
    // Which fonts are installed is this machine's affair.
    expect(keysIn(findings, 'warning').filter((key) => key !== 'fonts')).toEqual([]);
    expect(findings.find(({ key }) => key === 'rows')?.message).toBe('3');
    expect(findings.find(({ key }) => key === 'token')?.message).toBe(
      'connection "Embedded board" in "Embedded workspace", owned by the workspace',
    );
    expect(doctorExitCode(findings)).toBe(0);
  });

  it.each(mistakes)('finds $name', async ({ key, gist, state = 'problem', also = [], plant }) => {
    const rig = await openHealthyRig();
    const planted = (await plant(rig)) ?? {};
    const findings = await examineRig(rig, planted.variables, planted.runtime);
    const found = findings.find((finding) => finding.key === key);
    expect(found?.state).toBe(state);
    for (const part of gist) expect(found?.message).toMatch(part);
    expect(keysIn(findings, 'problem')).toEqual(state === 'problem' ? [key, ...also] : []);
    expect(doctorExitCode(findings)).toBe(state === 'problem' ? 2 : 0);
  });

  it('tells every mistake of the settings at once, and looks at what they lead to', async () => {
    const rig = await openHealthyRig();
    const mistaken = { NOTION_TOKEN: '', TIMEZONE: 'Mars/Olympus', NOTION_DATABASE_ID: '' };
    const findings = await examineRig(rig, mistaken);
    expect(findings.filter(({ key }) => key === 'settings')).toHaveLength(3);
    expect(keysIn(findings, 'problem')).toEqual(['settings']);
    expect(keysIn(findings, 'note')).toEqual(['notion', 'providers']);
    expect(rig.board.count()).toBe(0);
  });

  it('looks at the token where only the database is unknown', async () => {
    const rig = await openHealthyRig();
    const findings = await examineRig(rig, { NOTION_DATABASE_ID: '' });
    expect(findings.find(({ key }) => key === 'token')?.state).toBe('well');
    expect(rig.board.count()).toBe(1);
  });

  it('says that Notion is out of reach, and goes on', async () => {
    const rig = await openHealthyRig();
    const clock = createFakeClock();
    const runtime = { clock, random: createRandom(1) };
    const findings = await examineRig(rig, { NOTION_API_URL: await closedAddress() }, runtime);
    expect(keysIn(findings, 'problem')).toEqual(['token']);
    expect(findings.find(({ key }) => key === 'token')?.message).toMatch(/could not be reached for 15 s.*network/);
    expect(clock.monotonic()).toBeLessThan(30_000);
    expect(findings.map(({ key }) => key)).toContain('disk');
  });

  it('writes nothing to the board', async () => {
    const rig = await openHealthyRig();
    const [id = ''] = rig.addRows(1);
    const before = rig.database.row(id);
    await examineRig(rig);
    expect(rig.database.row(id)).toEqual(before);
    expect(rig.board.count('fileUploads.send') + rig.board.count('dataSources.update')).toBe(0);
  });

  it('tells optional properties and options as notes', async () => {
    const rig = await openHealthyRig();
    rig.database.removeProperty('Caption');
    rig.database.removeOption('Status', 'Published');
    const findings = await examineRig(rig);
    expect(keysIn(findings, 'note')).toEqual(['property.caption', 'status.published']);
    expect(doctorExitCode(findings)).toBe(0);
  });

  it('is content with one place for the picture', async () => {
    const rig = await openHealthyRig();
    rig.database.removeProperty('Image');
    expect(doctorExitCode(await examineRig(rig))).toBe(0);
  });

  it('tells that the database is locked', async () => {
    const rig = await openHealthyRig();
    rig.database.change({ isLocked: true });
    expect(keysIn(await examineRig(rig), 'note')).toEqual(['database.locked']);
  });

  it('counts a hundred waiting rows and says that there are more', async () => {
    const rig = await openHealthyRig();
    rig.addRows(101);
    const findings = await examineRig(rig);
    expect(findings.find(({ key }) => key === 'rows')?.message).toBe('100 or more');
    expect(rig.board.count('dataSources.query')).toBe(1);
  });

  it('runs beside a worker and tells who it is', async () => {
    const rig = await openHealthyRig();
    await mkdir(join(rig.folder, '.state'));
    const options = { folder: rig.folder, clock: systemClock, log: silentLog, onLost: () => undefined };
    const lock = await acquireLock(options);
    const held = await examineRig(rig);
    await lock.release();
    expect(held.find(({ key }) => key === 'lock')).toMatchObject({
      state: 'note',
      message: expect.stringContaining(`Process ${process.pid} on host`),
    });
    expect(doctorExitCode(held)).toBe(0);
    expect((await examineRig(rig)).find(({ key }) => key === 'lock')?.message).toBe('none');
  });

  it('finds a sick provider no problem while another real one is well', async () => {
    const rig = await openHealthyRig();
    const server = await startAutomatic1111();
    onTestFinished(() => server.close());
    const variables = {
      ...localDrawing(server.url),
      IMAGE_PROVIDERS: 'huggingface,stable-diffusion,placeholder',
      HUGGINGFACE_API_KEY: 'hf_of_nobody',
      HF_HUB_URL: await closedAddress(),
    };
    const findings = await examineRig(rig, variables);
    expect(findings.find(({ key }) => key === 'provider.huggingface')).toMatchObject({
      state: 'warning',
      message: expect.stringMatching(/could not be looked at.*HF_HUB_URL/),
    });
    expect(findings.find(({ key }) => key === 'provider.stable-diffusion')?.state).toBe('well');
    expect(server.generated).toBe(0);
    expect(doctorExitCode(findings)).toBe(0);
    await server.close();
    expect(doctorExitCode(await examineRig(rig, variables))).toBe(2);
  });

  it('tells what is remembered of a provider, and forgets it', async () => {
    const rig = await openHealthyRig();
    const server = await startAutomatic1111();
    onTestFinished(() => server.close());
    const file = join(rig.folder, '.state', 'providers.json');
    await mkdir(join(rig.folder, '.state'));
    const memory = await openMemory({ load: async () => undefined, save: (text) => writeFile(file, text) }, silentLog);
    const { config } = inspectSettings({ ...rig.variables, ...localDrawing(server.url) });
    const [rung] = config.providers;
    const now = Date.now();
    await memory.remember(
      { name: rung?.name ?? '', account: rung?.account ?? '', model: rung?.model ?? rung?.label ?? '' },
      { code: 'unauthorized', since: now, until: now + 3_600_000, strikes: 1 },
    );

    const findings = await examineRig(rig, localDrawing(server.url));
    expect(findings.find(({ key }) => key === 'memory.stable-diffusion')).toMatchObject({
      state: 'note',
      message: expect.stringMatching(/was remembered as .+ until .+forgotten now/),
    });
    expect(await readFile(file, 'utf8')).not.toContain('unauthorized');
    expect(keysIn(await examineRig(rig, localDrawing(server.url)), 'note')).toEqual([]);
  });
});

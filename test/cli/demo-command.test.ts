import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@notionhq/client';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { samplePosts } from '../../src/cli/demo/posts.ts';
import { startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { temporaryFolder } from '../support/cli/checks.ts';
import { runCommand, startCommand } from '../support/cli/command.ts';

/** In the shape that the emulated Hugging Face takes. */
const key = 'hf_canaryOfTheProvidersKey';

/** The pictures that the printed table names. */
const picturesIn = (output: string) => output.match(/\S+_generated_\d{8}_\d{6}_\d+\.png(?= *│)/g) ?? [];

async function expectPictures(output: string, cwd: string): Promise<void> {
  const pictures = picturesIn(output);
  expect(new Set(pictures).size, output).toBe(samplePosts.length);
  for (const picture of pictures) expect(await sharp(join(cwd, picture)).metadata()).toMatchObject({ format: 'png' });
}

describe('demo', () => {
  it('makes one pass in an empty folder without any settings', async () => {
    const cwd = await temporaryFolder();
    const { code, output } = await runCommand(['demo'], {}, { cwd });
    expect(code, output).toBe(0);
    await expectPictures(output, cwd);
    for (const { name } of samplePosts) expect(output).toContain(name);
    expect(output).toMatch(/Done .* Failed .* Skipped .* Providers used/);
    expect(output).toMatch(/6 .* 0 .* 0 .* Free API Placeholder × 6/);
    expect(output).toContain('Hugging Face out of credit');
    expect(await readdir(cwd)).toEqual(['images']);
  });

  it('can be run again in the same folder', async () => {
    const cwd = await temporaryFolder();
    await runCommand(['demo'], {}, { cwd });
    const { code, output } = await runCommand(['demo'], {}, { cwd });
    expect(code, output).toBe(0);
    await expectPictures(output, cwd);
    const pictures = (await readdir(join(cwd, 'images'))).filter((name) => name.endsWith('.png'));
    expect(pictures).toHaveLength(2 * samplePosts.length);
  });

  it.each([
    [
      'rubbish',
      (file: string) => writeFile(file, 'LOG_LEVEL=loud\nIMAGES_DIR=/dev/null\nSYNC_SCHEDULE=?\n\u0000%%% ='),
    ],
    ['a folder', (file: string) => mkdir(file)],
  ])('is not broken by a .env that is %s', async (_, make) => {
    const cwd = await temporaryFolder();
    await make(join(cwd, '.env'));
    const { code, output } = await runCommand(['demo'], {}, { cwd });
    expect(code, output).toBe(0);
    await expectPictures(output, cwd);
  });

  it('uses no account of the environment', async () => {
    const cwd = await temporaryFolder();
    const huggingFace = await startEmulatedHuggingFace({ behaviour: 'ok' });
    onTestFinished(() => huggingFace.close());
    const { code, output } = await runCommand(
      ['demo'],
      { HUGGINGFACE_API_KEY: key, HF_ENDPOINT: huggingFace.url, NOTION_TOKEN: key, NOTION_STATUS_FAILED: 'x' },
      { cwd },
    );
    expect(code, output).toBe(0);
    expect(huggingFace.requests).toBe(0);
    expect(output).not.toContain(key);
  });

  it('uses the configured providers with --real, whatever the real board is called', async () => {
    const cwd = await temporaryFolder();
    const huggingFace = await startEmulatedHuggingFace({ behaviour: 'ok' });
    onTestFinished(() => huggingFace.close());
    await writeFile(
      join(cwd, '.env'),
      [
        `HUGGINGFACE_API_KEY=${key}`,
        `HF_ENDPOINT=${huggingFace.url}`,
        `HF_HUB_URL=${huggingFace.hubUrl}`,
        'NOTION_STATUS_NEEDS_IMAGE=Bild fehlt',
        'NOTION_PROPERTY_STATUS=Stand',
      ].join('\n'),
    );
    const { code, output } = await runCommand(['demo', '--real'], {}, { cwd });
    expect(code, output).toBe(0);
    await expectPictures(output, cwd);
    expect(output).toContain(`Hugging Face × ${samplePosts.length}`);
    expect(huggingFace.generated).toBe(samplePosts.length);
    expect(output).not.toContain(key);
  });

  it('keeps the board up with --serve, for its page, the official client and another worker, until it is stopped', async () => {
    const cwd = await temporaryFolder();
    const command = startCommand(['demo', '--serve'], {}, { cwd });
    await command.printed('HF_HUB_URL=');
    const printed = Object.fromEntries(
      [...command.output().matchAll(/^ {2}([A-Z_]+)=(.+)$/gm)].map((m) => [m[1], m[2]]),
    );
    const { NOTION_TOKEN: auth = '', NOTION_API_URL: baseUrl = '', NOTION_DATABASE_ID: id = '' } = printed;
    expect(command.output()).toContain(`The board stays up at ${baseUrl}; stop it with Ctrl-C.`);

    const client = new Client({ auth, baseUrl, notionVersion: '2026-03-11' });
    const database = await client.databases.retrieve({ database_id: id });
    const source = 'data_sources' in database ? database.data_sources[0]?.id : undefined;
    const { results } = await client.dataSources.query({ data_source_id: source ?? '' });
    expect(results).toHaveLength(samplePosts.length);
    expect(await runCommand(['sync'], { ...printed, IMAGES_DIR: 'elsewhere' }, { cwd })).toMatchObject({ code: 0 });

    const [, page = ''] = /The status page is at (\S+)/.exec(command.output()) ?? [];
    expect(await (await fetch(page)).text()).toContain('<!doctype html>');
    const overview = async () => (await fetch(`${page}/api/overview`)).json();
    await vi.waitFor(async () => {
      expect(await overview()).toMatchObject({ board: { title: 'Facebook posts' }, waiting: { rows: [] } });
      expect(await overview()).toHaveProperty('pictures.length', samplePosts.length);
    }, 30_000);

    command.kill('SIGINT');
    expect(await command.ended).toMatchObject({ code: 130 });
    await expect(access(join(cwd, 'images', '.state', 'lock'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fetch(baseUrl)).rejects.toThrow('fetch failed');
  });
});

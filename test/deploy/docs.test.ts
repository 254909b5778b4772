import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { settingsRead } from '../../src/config/config.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const settings = settingsRead({});
/** `NAME` of a setting, as README and docs quote it; a value may follow. */
const quotedSetting = /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g;
const isOurs =
  /^(NOTION|IMAGES|HUGGINGFACE|HF|SD|LOCALAI|REPLICATE|RUNPOD|CLOUDFLARE|API|JWT|UPLOADS|ALERT|HEARTBEAT)_/;

const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

describe.each(pages)('$name', ({ name, text }) => {
  it('names only settings that the worker reads', () => {
    const named = [...text.matchAll(quotedSetting)].map(([, setting = '']) => setting.replace(/_FILE$/, ''));
    expect(named.filter((setting) => isOurs.test(setting) && !settings.has(setting))).toEqual([]);
  });

  it('links only to files that are there', () => {
    const targets = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(join(root, dirname(name), target)))).toEqual([]);
  });
});

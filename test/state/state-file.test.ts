import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { readState } from '../../src/state/state-file.ts';

const schema = z.object({ version: z.literal(2), count: z.number() });

function read(text: string | undefined) {
  const warnings: string[] = [];
  const file = { load: async () => text, save: async () => undefined };
  const log = { ...silentLog, warn: (_: object, message: string) => warnings.push(message) };
  const content = readState(file, { name: 'counts.json', version: 2, schema, log, unreadable: 'begins anew' });
  return { content, warnings };
}

describe('a state file', () => {
  it('is read in its own version', async () => {
    expect(await read('{"version":2,"count":3}').content).toEqual({ version: 2, count: 3 });
  });

  it('is nothing when it is not there', async () => {
    const { content, warnings } = read(undefined);
    expect(await content).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it.each(['', '{"version":2', '{"version":2,"count":"many"}', '{"version":1,"count":3}', '[]', 'null'])(
    'begins anew when it holds %j',
    async (text) => {
      const { content, warnings } = read(text);
      expect(await content).toBeUndefined();
      expect(warnings).toEqual(['begins anew']);
    },
  );

  it('is refused in one sentence when a newer version of the worker wrote it', async () => {
    const { content } = read('{"version":3,"count":3}');
    await expect(content).rejects.toThrow(ConfigError);
    await expect(content).rejects.toThrow(
      'counts.json was written by a newer version of the worker (version 3 of the file; this worker reads up to 2)',
    );
  });
});

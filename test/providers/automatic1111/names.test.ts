import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listedAs, nameSome, pick, readCheckpoints, readSamplers } from '../../../src/providers/automatic1111/names.ts';

describe('a list of names', () => {
  it('is read as far as it makes sense', () => {
    const checkpoints = readCheckpoints([null, 7, [], {}, { title: 7 }, { title: null, model_name: 'only' }]) ?? [];
    expect(checkpoints.map(({ name }) => name)).toEqual(['only']);
    const samplers = readSamplers([{ name: 'Euler', aliases: 'none' }, { name: '' }, { aliases: ['k_euler'] }]) ?? [];
    expect(samplers.map(({ name }) => name)).toEqual(['Euler']);
  });

  it('is no list when it is something else', () => {
    for (const json of [undefined, null, 'list', {}, { detail: 'Not Found' }]) {
      expect(readCheckpoints(json)).toBeUndefined();
      expect(readSamplers(json)).toBeUndefined();
    }
  });

  it('is read without a fault, whatever it holds', () => {
    const item = fc.oneof(
      fc.anything(),
      fc.record({ title: fc.anything(), filename: fc.anything(), hash: fc.anything() }),
      fc.record({ name: fc.string(), aliases: fc.anything() }),
    );
    fc.assert(
      fc.property(fc.array(item), fc.string(), (items, name) => {
        for (const list of [readCheckpoints(items) ?? [], readSamplers(items) ?? []]) {
          expect(list.every((entry) => pick(list, entry.name) !== undefined)).toBe(true);
          expect(nameSome(list).length).toBeLessThan(500);
          pick(list, name);
        }
      }),
    );
  });

  it('is told by its first five', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    expect(nameSome(names.map(listedAs))).toBe('"a", "b", "c", "d", "e" (and 2 more)');
    expect(nameSome([listedAs('a')])).toBe('"a"');
    expect(nameSome([])).toBe('another one (it lists none)');
  });

  it('knows a file on Windows by its stem', () => {
    const list =
      readCheckpoints([{ title: 'xl\\base.safetensors [0123abcdef]', filename: 'C:\\models\\xl\\base.safetensors' }]) ??
      [];
    expect(list[0]?.isCalled('base')).toBe(true);
    expect(list[0]?.isCalled('models')).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import { createMemory, openMemory, type Lockout } from '../../src/state/provider-memory.ts';
import { createLines, flushPromises } from '../support/chain/rig.ts';
import { createMemoryFile } from '../support/memory-file.ts';

const owner = { name: 'huggingface', account: 'abcd1234', model: 'flux' };
const lockout: Lockout = { code: 'out_of_credit', until: 2000, since: 1000, strikes: 2 };
const gone: Lockout = { ...lockout, code: 'retired' };

describe('openMemory', () => {
  it('knows in the next run what it was to remember in this one', async () => {
    const file = createMemoryFile();
    await (await openMemory(file, silentLog)).remember(owner, lockout);
    expect((await openMemory(file, silentLog)).recall(owner)).toEqual(lockout);
    expect((await openMemory(file, silentLog)).recall({ ...owner, name: 'replicate' })).toBeUndefined();
  });

  it('forgets an account when its key changes', async () => {
    const file = createMemoryFile();
    await (await openMemory(file, silentLog)).remember(owner, lockout);
    const next = await openMemory(file, silentLog);
    expect(next.recall({ ...owner, account: 'another' })).toBeUndefined();
    await flushPromises();
    expect((await openMemory(file, silentLog)).recall(owner)).toBeUndefined();
  });

  it('keeps an account whose model changes, and forgets a route', async () => {
    const memory = await openMemory(createMemoryFile(), silentLog);
    await memory.remember(owner, lockout);
    expect(memory.recall({ ...owner, model: 'sdxl' })).toEqual(lockout);
    await memory.remember(owner, gone);
    expect(memory.recall(owner)).toEqual(gone);
    expect(memory.recall({ ...owner, model: 'sdxl' })).toBeUndefined();
  });

  it('forgets one provider, or all', async () => {
    const file = createMemoryFile();
    const memory = await openMemory(file, silentLog);
    const other = { ...owner, name: 'replicate' };
    await memory.remember(owner, lockout);
    await memory.remember(other, lockout);
    await memory.forget('huggingface');
    expect([memory.recall(owner), memory.recall(other)]).toEqual([undefined, lockout]);
    await memory.forget();
    expect((await openMemory(file, silentLog)).recall(other)).toBeUndefined();
  });

  it('writes nothing when there is nothing to forget', async () => {
    const file = createMemoryFile();
    const memory = await openMemory(file, silentLog);
    await memory.forget('huggingface');
    await memory.forget();
    expect(file.saves).toBe(0);
  });

  it.each([
    ['an empty file', ''],
    ['torn JSON', '{"version":1,"providers":{"hugg'],
    ['a version that never was', '{"version":0,"providers":{}}'],
    ['a code that is never remembered', entryOf({ code: 'content_rejected' })],
    ['an unknown code', entryOf({ code: 'bored' })],
    ['a time that no date can say', entryOf({ until: 1e300 })],
    ['a time that is no number', entryOf({ until: null })],
    ['no strikes', entryOf({ strikes: 0 })],
  ])('starts anew from %s', async (_, text) => {
    const log = createLines();
    const memory = await openMemory(createMemoryFile(text), log);
    expect(memory.recall(owner)).toBeUndefined();
    expect(log.lines).toEqual(['warn What was known of the providers cannot be read, and is started anew']);
  });

  it('starts anew when the file cannot be read', async () => {
    const file = { ...createMemoryFile(), load: () => Promise.reject(new Error('EIO')) };
    expect((await openMemory(file, silentLog)).recall(owner)).toBeUndefined();
  });

  it('goes on when the file cannot be written, and writes the next time', async () => {
    const file = createMemoryFile();
    file.failure = new Error('ENOSPC');
    const log = createLines();
    const memory = await openMemory(file, log);
    await memory.remember(owner, lockout);
    expect(memory.recall(owner)).toEqual(lockout);
    expect(log.lines).toEqual(['warn What is known of the providers could not be kept: check the disk']);
    file.failure = undefined;
    await memory.remember({ ...owner, name: 'replicate' }, lockout);
    expect((await openMemory(file, silentLog)).recall(owner)).toEqual(lockout);
  });

  it('writes one text after the other', async () => {
    const file = createMemoryFile();
    let open = 0;
    let most = 0;
    const save = async (text: string) => {
      most = Math.max(most, (open += 1));
      await flushPromises();
      open -= 1;
      return file.save(text);
    };
    const memory = await openMemory({ load: () => file.load(), save }, silentLog);
    await Promise.all(['a', 'b', 'c'].map((name) => memory.remember({ ...owner, name }, lockout)));
    expect(most).toBe(1);
    expect((await openMemory(file, silentLog)).recall({ ...owner, name: 'c' })).toEqual(lockout);
  });
});

describe('createMemory', () => {
  it('remembers for as long as it lives', async () => {
    const memory = createMemory();
    await memory.remember(owner, lockout);
    expect(memory.recall(owner)).toEqual(lockout);
    await memory.forget();
    expect(memory.recall(owner)).toBeUndefined();
  });
});

function entryOf(change: object): string {
  const entry = { account: owner.account, code: 'out_of_credit', until: 2000, since: 1000, strikes: 1, ...change };
  return JSON.stringify({ version: 1, providers: { huggingface: entry } });
}

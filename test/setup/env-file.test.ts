import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readVariable, setVariable, withVariable } from '../../src/setup/env-file.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'env-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('a variable in a text', () => {
  it.each([
    ['is appended', 'A=1\n', 'A=1\nID=new\n'],
    ['is appended after a line without its end', 'A=1', 'A=1\nID=new\n'],
    ['is the first', '', 'ID=new\n'],
    ['replaces the old value', 'A=1\nID=old\nB=2\n', 'A=1\nID=new\nB=2\n'],
    ['replaces an empty value', 'ID=\nB=2', 'ID=new\nB=2'],
    ['replaces the last of several, which counts', 'ID=one\nID=two\n', 'ID=one\nID=new\n'],
    ['replaces an exported value', ' export ID = old # mine\n', 'ID=new\n'],
    [
      'leaves comments and longer names alone',
      '# ID=old\nMY_ID=1\nID_TWO=2\n',
      '# ID=old\nMY_ID=1\nID_TWO=2\nID=new\n',
    ],
    ['keeps the line ends of Windows', 'A=1\r\nID=old\r\n', 'A=1\r\nID=new\r\n'],
  ])('%s', (_, before, after) => {
    expect(withVariable(before, 'ID', 'new')).toBe(after);
  });
});

describe('a variable in a file', () => {
  it('is read back', async () => {
    const file = join(await temporaryFolder(), '.env');
    expect(await readVariable(file, 'ID')).toBeUndefined();
    await setVariable(file, 'ID', 'new');
    expect(await readVariable(file, 'ID')).toBe('new');
    expect(await readVariable(file, 'OTHER')).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('keeps the rights of the file; a new file is its owner’s alone', async () => {
    const folder = await temporaryFolder();
    const modeOf = async (name: string) => (await stat(join(folder, name))).mode & 0o777;
    await setVariable(join(folder, 'new'), 'ID', '1');
    expect(await modeOf('new')).toBe(0o600);
    await writeFile(join(folder, 'old'), 'A=1\n');
    await chmod(join(folder, 'old'), 0o640);
    await setVariable(join(folder, 'old'), 'ID', '1');
    expect(await modeOf('old')).toBe(0o640);
    expect((await readdir(folder)).toSorted()).toEqual(['new', 'old']);
  });

  it.skipIf(process.platform === 'win32')('goes into the file that a link leads to', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'real'), 'A=1\n');
    await symlink('real', join(folder, '.env'));
    await setVariable(join(folder, '.env'), 'ID', '1');
    expect(await readFile(join(folder, 'real'), 'utf8')).toBe('A=1\nID=1\n');
  });

  it('says which line to add by hand when it cannot be written', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, '.env'));
    await expect(setVariable(join(folder, '.env'), 'ID', '1')).rejects.toThrow(/\(EISDIR\): add the line ID=1/);
    expect(await readdir(folder)).toEqual(['.env']);
  });
});

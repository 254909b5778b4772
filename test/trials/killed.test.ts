import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRandom } from '../support/random.ts';
import { seed } from '../support/seed.ts';
import { openWorkerRig, strayFiles } from '../support/worker/setup.ts';
import { startCommand } from '../support/cli/command.ts';

const rounds = Number(process.env['KILL_ROUNDS'] ?? 50);

it(
  'loses nothing, doubles nothing and leaves nothing behind when it is killed at any instant',
  { timeout: 600_000 },
  async () => {
    const random = createRandom(seed);
    const rig = await openWorkerRig({ latencyMs: 3 });
    const made = new Map<string, number>();
    let ids: string[] = [];
    for (let round = 0, kills = 0; kills < rounds; round += 1) {
      ids = [...ids, ...rig.addRows(12)];
      for (let settled = false; !settled && kills < rounds;) {
        const command = startCommand(['sync'], rig.variables);
        const timer = setTimeout(() => command.kill('SIGKILL'), 250 + random() * 900);
        const { code, output } = await command.ended;
        clearTimeout(timer);
        settled = code === 0;
        if (!settled) kills += 1;
        expect([0, null], `round ${round}, seed ${seed}: ${output}`).toContain(code);
      }
    }
    const { code, output } = await startCommand(['sync'], rig.variables).ended;
    expect(code, output).toBe(0);

    for (const name of await readdir(rig.folder)) {
      if (!name.endsWith('.json')) continue;
      const { postId } = JSON.parse(await readFile(join(rig.folder, name), 'utf8'));
      made.set(postId, (made.get(postId) ?? 0) + 1);
    }
    for (const id of ids) {
      const { values } = rig.database.row(id);
      expect(values, `seed ${seed}`).toMatchObject({ Status: 'Image ready', Error: '', Claim: '' });
      const files = Array.isArray(values['Image']) ? values['Image'] : [];
      expect(files.map(({ name }) => name)).toEqual([values['Image file']]);
      expect(Buffer.compare(Buffer.from(files[0]?.bytes ?? []), await rig.file(rig.text(id, 'Image file')))).toBe(0);
      expect(made.get(id), `pictures of one row, seed ${seed}`).toBe(1);
    }
    expect(await rig.pictures()).toHaveLength(ids.length);
    expect(await strayFiles(rig.folder)).toEqual([]);
  },
);

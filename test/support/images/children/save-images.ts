import { appendFileSync } from 'node:fs';
import { createImageStore } from '../../../../src/images/store.ts';

/** Saves images without end, eight at a time, and notes what each is going to be called before it is. */
const [folder = '', notes = ''] = process.argv.slice(2);
const store = createImageStore({ folder, workerId: 'w-child' });

async function saveOn(lane: number): Promise<void> {
  for (let round = 0; ; round++) {
    const post = `${lane}-${round}`;
    const picture = {
      bytes: Buffer.alloc(20_000 + lane * 997 + round, post),
      mediaType: 'image/png',
      width: 8,
      height: 8,
      family: 'sd',
      takenAt: Date.UTC(2026, 0, 1) + (round % 3) * 1000,
    } as const;
    await store.save(picture, async (image) => {
      appendFileSync(notes, `${JSON.stringify({ post, image })}\n`);
      process.stdout.write('intended\n');
    });
    process.stdout.write('saved\n');
  }
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => saveOn(lane)));

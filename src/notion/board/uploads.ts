import { z } from 'zod';
import type { UploadProgress } from '../../core/board.ts';
import type { Clock } from '../../lib/clock.ts';
import { BoardError } from '../../core/errors.ts';
import type { SavedImage } from '../../core/image.ts';
import type { NotionClient } from '../client/client.ts';
import { undefinedIfMissing } from '../client/problem.ts';

const uploadAnswer = z.object({
  id: z.string(),
  status: z.enum(['pending', 'uploaded', 'expired', 'failed']),
  /** Set until the upload is first attached (Notion's file upload reference, 2026-11). */
  expiry_time: z.string().nullable().default(null),
});
type Upload = z.infer<typeof uploadAnswer>;

/** An upload about to expire is not worth going on with. */
const expiryMarginMs = 5 * 60_000;
const maxSends = 3;

/**
 * Brings the bytes that `load` reads to Notion, going on with an earlier upload where there is one, and answers with the
 * upload's id.
 */
export async function uploadFile(
  notion: NotionClient,
  clock: Clock,
  image: SavedImage,
  load: () => Promise<Uint8Array>,
  progress: UploadProgress,
): Promise<string> {
  let upload = progress.id === undefined ? undefined : await retrieve(notion, progress.id);
  if (!upload || !isAlive(upload, clock.now())) {
    const created = await notion.call({ doing: 'begin an upload' }, (client) =>
      client.fileUploads.create({ mode: 'single_part', filename: image.path, content_type: image.mediaType }),
    );
    upload = uploadAnswer.parse(created);
    await progress.begun(upload.id);
  }
  for (let sends = 0; upload.status === 'pending' && sends < maxSends; sends += 1) {
    try {
      upload = await send(notion, upload.id, image, load);
    } catch (error) {
      if (!(error instanceof BoardError) || sends === maxSends - 1) throw error;
      // The bytes may have arrived although the answer did not, and a second send would be refused.
      const now = await retrieve(notion, upload.id);
      if (!now || (now.status === 'pending' && error.failure !== 'unreachable')) throw error;
      upload = now;
    }
  }
  if (upload.status === 'uploaded') return upload.id;
  throw new BoardError('refused', `Notion did not take the picture (the upload is ${upload.status}): try again later.`);
}

/** The bytes are read only once there is room for them to go, so that many rows may wait for it. */
async function send(
  notion: NotionClient,
  id: string,
  image: SavedImage,
  load: () => Promise<Uint8Array>,
): Promise<Upload> {
  const permit = await notion.limiter.acquire(1, notion.signal);
  try {
    const data = new Blob([new Uint8Array(await load())], { type: image.mediaType });
    const sent = await notion.call({ doing: 'upload the picture', repeatable: false, permit }, (client) =>
      client.fileUploads.send({ file_upload_id: id, file: { data, filename: image.path } }),
    );
    return uploadAnswer.parse(sent);
  } finally {
    permit.release();
  }
}

async function retrieve(notion: NotionClient, id: string): Promise<Upload | undefined> {
  const answer = await undefinedIfMissing(
    notion.call({ doing: 'look at an upload' }, (client) => client.fileUploads.retrieve({ file_upload_id: id })),
  );
  return answer && uploadAnswer.parse(answer);
}

function isAlive(upload: Upload, now: number): boolean {
  if (upload.status !== 'pending' && upload.status !== 'uploaded') return false;
  return upload.expiry_time === null || Date.parse(upload.expiry_time) - now > expiryMarginMs;
}

import type { GeneratedFile, ImageRequest, ImageStore } from '../core/image.ts';
import type { Attempt } from '../core/provider.ts';
import { why } from '../messages/row.ts';

/** Whose image it is: which post's, and of which of its generations. */
export interface ImageOwner {
  postId: string;
  generation: number;
}

/** Writes everything that led to an image beside it, for whoever asks later. */
export async function saveProvenance(
  { saved, provenance }: GeneratedFile,
  { postId, generation }: ImageOwner,
  request: ImageRequest,
  attempts: readonly Attempt[],
  store: Pick<ImageStore, 'saveBeside'>,
): Promise<void> {
  const { prompt, ...options } = request;
  const { generatedAt, ...made } = provenance;
  const history = {
    file: saved.path,
    sha256: saved.sha256,
    postId,
    generation,
    generatedAt: new Date(generatedAt).toISOString(),
    width: saved.width,
    height: saved.height,
    why: why(attempts, generatedAt, provenance.warnings),
    prompt,
    options,
    ...made,
    attempts,
  };
  await store.saveBeside(saved, '.json', new TextEncoder().encode(`${JSON.stringify(history, undefined, 2)}\n`));
}

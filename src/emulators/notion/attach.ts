import { ApiError } from './errors.ts';
import type { Workspace } from './workspace.ts';

/** What a write changes besides the page itself; done only when the whole request is accepted. */
export type Effects = (() => void)[];

/** The stored file behind an upload, which the attachment makes permanent. */
export function attach(uploadId: string, workspace: Workspace, effects: Effects): { fileId: string; name: string } {
  const upload = workspace.uploads.get(uploadId);
  const { attachLagMs } = workspace.settings();
  const expired = upload?.expiresAt != null && workspace.now() >= upload.expiresAt;
  const settled = upload?.sentAt !== undefined && workspace.monotonic() >= upload.sentAt + attachLagMs;
  if (upload?.fileId === undefined || expired || !settled) {
    throw new ApiError(
      404,
      'object_not_found',
      `Could not find file_upload with ID: ${uploadId}. Confirm the status of the file upload is \`uploaded\` and that your integration has capabilities to update or insert content.`,
    );
  }
  effects.push(() => (upload.expiresAt = null));
  return { fileId: upload.fileId, name: upload.filename ?? 'Untitled' };
}

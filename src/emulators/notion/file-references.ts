import { z } from 'zod';
import type { Edit } from './call.ts';
import { id } from './check.ts';
import { ApiError, invalid } from './errors.ts';
import type { StoredFile } from './model.ts';
import type { Workspace } from './workspace.ts';

const uploaded = z.strictObject({ type: z.literal('file_upload').optional(), file_upload: z.strictObject({ id }) });
const external = z.strictObject({
  type: z.literal('external').optional(),
  external: z.strictObject({ url: z.string().min(1).max(2000) }),
});
const hosted = z.strictObject({
  type: z.literal('file').optional(),
  file: z.strictObject({ url: z.string().min(1), expiry_time: z.string().optional() }),
});
const fileName = z.string().min(1).max(100);

/** One file of a Files & media cell; only an upload brings a name of its own. */
export const fileEntry = z.union([
  uploaded.extend({ name: fileName.optional() }),
  external.extend({ name: fileName }),
  hosted.extend({ name: fileName }),
]);

export function readFile(entry: z.infer<typeof fileEntry>, edit: Edit): StoredFile {
  if ('external' in entry) return { kind: 'external', name: entry.name, url: entry.external.url };
  if ('file' in entry) {
    const fileId = edit.workspace.files.idOf(entry.file.url);
    if (fileId !== undefined) return { kind: 'hosted', name: entry.name, fileId };
    throw invalid(`The file "${entry.name}" is not hosted by Notion, or its URL has expired.`);
  }
  const { fileId, name } = attach(entry.file_upload.id, edit);
  return { kind: 'hosted', name: entry.name ?? name.slice(0, 100), fileId };
}

/** The stored file behind an upload, which the attachment makes permanent. */
function attach(uploadId: string, { workspace, effects }: Edit): { fileId: string; name: string } {
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
  return { fileId: upload.fileId, name: upload.filename };
}

/** A file as the API shows it, with a fresh address. */
export function showFile(file: StoredFile, workspace: Workspace): Record<string, unknown> {
  return file.kind === 'external'
    ? { name: file.name, type: 'external', external: { url: file.url } }
    : { name: file.name, type: 'file', file: workspace.files.link(file.fileId) };
}

import { z } from 'zod';
import { type Answer, type Call, pathId } from './call.ts';
import { check } from './check.ts';
import { minuteStamp } from './dates.ts';
import { ApiError, invalid } from './errors.ts';
import type { Upload } from './model.ts';

const mebibyte = 1024 * 1024;
const lifeMs = 60 * 60_000;
const singlePartLimit = 20 * mebibyte;

/** The file types Notion takes in that the board knows, each with its media type. */
const mediaTypes: Readonly<Record<string, string>> = {
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  avif: 'image/avif',
  svg: 'image/svg+xml',
  pdf: 'application/pdf',
  json: 'application/json',
  txt: 'text/plain',
};

// Uploads in several parts, imports from an address and files without a name are not served.
const createBody = z.strictObject({
  mode: z.literal('single_part').optional(),
  filename: z
    .string()
    .min(1)
    .refine((name) => Buffer.byteLength(name) <= 900, 'should be at most 900 bytes'),
  content_type: z.string().min(1).optional(),
});

/** POST /v1/file_uploads */
export function createFileUpload(call: Call): Answer {
  const { filename, content_type: given } = check(createBody, call.body);
  const { workspace } = call;
  const at = workspace.now();
  const upload: Upload = {
    id: workspace.ids.uuid(),
    createdAt: at,
    expiresAt: at + lifeMs,
    status: 'pending',
    filename,
    contentType: mediaTypeOf(filename, given),
    contentLength: null,
    sentAt: undefined,
    fileId: undefined,
  };
  workspace.uploads.set(upload.id, upload);
  return showUpload(upload, call);
}

/** The media type of a file with that name, which must be the one given. */
function mediaTypeOf(filename: string, given: string | undefined): string {
  const type = mediaTypes[/\.([A-Za-z0-9]+)$/.exec(filename)?.[1]?.toLowerCase() ?? ''];
  if (type === undefined) throw invalid(`The file extension of "${filename}" is not supported by the file upload API.`);
  const mediaType = given?.split(';', 1)[0]?.trim().toLowerCase() ?? type;
  if (!Object.values(mediaTypes).includes(mediaType)) {
    throw invalid(`The content type "${mediaType}" is not supported by the file upload API.`);
  }
  if (mediaType !== type) {
    throw invalid(`The content type "${mediaType}" does not match the file extension of "${filename}".`);
  }
  return type;
}

const form = z.object({ file: z.instanceof(File), part_number: z.undefined().optional() });

/** POST /v1/file_uploads/{id}/send */
export async function sendFileUpload(call: Call): Promise<Answer> {
  const { workspace } = call;
  const upload = findUpload(call);
  requirePending(upload, call);
  const headers = { 'content-type': call.contentType };
  const data = await new Response(call.bytes, { headers }).formData().catch(() => undefined);
  if (data === undefined) throw invalid('The body should be multipart/form-data.');
  const { file } = check(form, Object.fromEntries(data));
  const bytes = new Uint8Array(await file.arrayBuffer());
  mediaTypeOf(upload.filename, file.type || undefined);
  if (bytes.byteLength === 0) throw invalid('The file is empty. Please try again with a new file upload.');
  if (bytes.byteLength > singlePartLimit) throw invalid('A file above 20 MiB must be sent in several parts.');
  const { maxUploadBytes } = workspace.settings();
  if (bytes.byteLength > maxUploadBytes) {
    const limit = Number((maxUploadBytes / mebibyte).toFixed(2));
    throw invalid(
      `The file size is not within the allowed limit of ${limit} MiB. Please try again with a new file upload.`,
    );
  }
  // Reading the form took time, in which another send may have won.
  requirePending(upload, call);
  const fileId = workspace.ids.uuid();
  workspace.files.put(fileId, { name: upload.filename, contentType: upload.contentType, bytes });
  Object.assign(upload, {
    status: 'uploaded',
    contentLength: bytes.byteLength,
    sentAt: workspace.monotonic(),
    fileId,
  } satisfies Partial<Upload>);
  return showUpload(upload, call);
}

/** GET /v1/file_uploads/{id} */
export function retrieveFileUpload(call: Call): Answer {
  return showUpload(findUpload(call), call);
}

function findUpload(call: Call): Upload {
  const id = pathId(call, 'file_upload_id');
  const upload = call.workspace.uploads.get(id);
  if (upload) return upload;
  throw new ApiError(404, 'object_not_found', `Could not find file_upload with ID: ${id}.`);
}

function statusOf(upload: Upload, { workspace }: Call): Upload['status'] | 'expired' {
  return upload.expiresAt !== null && workspace.now() >= upload.expiresAt ? 'expired' : upload.status;
}

function requirePending(upload: Upload, call: Call): void {
  const status = statusOf(upload, call);
  if (status !== 'pending') throw invalid(`The file upload is not pending: its status is \`${status}\`.`);
}

function showUpload(upload: Upload, call: Call): Answer {
  const status = statusOf(upload, call);
  const { origin, botId } = call.workspace;
  const stamp = minuteStamp(upload.createdAt);
  return {
    object: 'file_upload',
    id: upload.id,
    created_time: stamp,
    created_by: { id: botId, type: 'bot' },
    last_edited_time: stamp,
    expiry_time: upload.expiresAt === null ? null : new Date(upload.expiresAt).toISOString(),
    in_trash: false,
    status,
    filename: upload.filename,
    content_type: upload.contentType,
    content_length: upload.contentLength,
    ...(status === 'pending' && { upload_url: `${origin}/v1/file_uploads/${upload.id}/send` }),
  };
}

import { z } from 'zod';
import { type Answer, type Call, checkQuery, listPage, pagingQuery, pathId, trashFlags } from './call.ts';
import { check, refused } from './check.ts';
import { minuteStamp } from './dates.ts';
import { ApiError, invalid } from './errors.ts';
import { nameAndType } from './file-types.ts';
import type { Upload } from './model.ts';

const mebibyte = 1024 * 1024;
const lifeMs = 60 * 60_000;
const singlePartLimit = 20 * mebibyte;
const smallestPart = 5 * mebibyte;

const createBody = z.strictObject({
  // Imports from an address are not served.
  mode: z.enum(['single_part', 'multi_part']).default('single_part'),
  filename: z
    .string()
    .min(1)
    .refine((name) => Buffer.byteLength(name) <= 900, 'should be at most 900 bytes')
    .optional(),
  content_type: z.string().min(1).optional(),
  number_of_parts: z.number().int().min(1).max(10_000).optional(),
});

/** POST /v1/file_uploads */
export function createFileUpload(call: Call): Answer {
  const body = check(createBody, call.body);
  const multiPart = body.mode === 'multi_part';
  if (multiPart && body.filename === undefined)
    throw refused('body', 'body.filename should be defined, instead was `undefined`.');
  if (multiPart !== (body.number_of_parts !== undefined)) {
    throw refused('body', `body.number_of_parts should be ${multiPart ? 'defined' : 'not present'}.`);
  }
  const { filename, contentType } = nameAndType(body.filename, body.content_type);
  const { workspace } = call;
  const at = workspace.now();
  const upload: Upload = {
    id: workspace.ids.uuid(),
    createdAt: at,
    expiresAt: at + lifeMs,
    status: 'pending',
    filename,
    contentType,
    contentLength: null,
    parts: body.number_of_parts === undefined ? undefined : { total: body.number_of_parts, sent: new Map() },
    sentAt: undefined,
    fileId: undefined,
  };
  workspace.uploads.set(upload.id, upload);
  return showUpload(upload, call);
}

/** POST /v1/file_uploads/{id}/send */
export async function sendFileUpload(call: Call): Promise<Answer> {
  const upload = findUpload(call);
  requirePending(upload, call);
  const { file, partNumber } = await readForm(call);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const sent = nameAndType(upload.filename ?? (file.name || undefined), file.type || undefined);
  if (upload.contentType !== null && sent.contentType !== upload.contentType) {
    throw invalid(
      `The content type "${sent.contentType}" does not match the one the upload was created with, "${upload.contentType}".`,
    );
  }
  if (bytes.byteLength === 0) throw invalid('The file is empty. Please try again with a new file upload.');
  // Reading the form took time, in which another send may have won.
  requirePending(upload, call);
  if (upload.parts) {
    takePart(upload.parts, partNumber, bytes);
  } else {
    if (partNumber !== undefined) throw refused('body', 'body.part_number should be not present.');
    if (bytes.byteLength > singlePartLimit) throw invalid('A file above 20 MiB must be sent in several parts.');
    upload.filename = sent.filename;
    upload.contentType = sent.contentType;
    finish(upload, bytes, call);
  }
  return showUpload(upload, call);
}

/** POST /v1/file_uploads/{id}/complete */
export function completeFileUpload(call: Call): Answer {
  const upload = findUpload(call);
  requirePending(upload, call);
  const { parts } = upload;
  if (parts === undefined) throw invalid('Only multi_part uploads can be completed.');
  if (parts.sent.size < parts.total) {
    throw invalid(`Not all parts were sent: ${parts.sent.size} of ${parts.total}.`);
  }
  const pieces = [...parts.sent].toSorted(([left], [right]) => left - right).map(([, bytes]) => bytes);
  finish(upload, Buffer.concat(pieces), call);
  return showUpload(upload, call);
}

/** GET /v1/file_uploads/{id} */
export function retrieveFileUpload(call: Call): Answer {
  return showUpload(findUpload(call), call);
}

const listQuery = { ...pagingQuery, status: z.enum(['pending', 'uploaded', 'expired', 'failed']).optional() };

/** GET /v1/file_uploads */
export function listFileUploads(call: Call): Answer {
  const query = checkQuery(call, listQuery);
  const uploads = [...call.workspace.uploads.values()].toReversed();
  const asked = uploads.filter((upload) => query.status === undefined || statusOf(upload, call) === query.status);
  return listPage('file_upload', asked, query, (upload) => showUpload(upload, call));
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

const form = z.object({
  file: z.instanceof(File),
  part_number: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'should be a number from 1 to 1000')
    .transform(Number)
    .optional(),
});

async function readForm(call: Call): Promise<{ file: File; partNumber: number | undefined }> {
  const headers = { 'content-type': call.contentType };
  const data = await new Response(call.bytes, { headers }).formData().catch(() => undefined);
  if (data === undefined) throw invalid('The body should be multipart/form-data.');
  const { file, part_number: partNumber } = check(form, Object.fromEntries(data));
  return { file, partNumber };
}

function takePart(parts: NonNullable<Upload['parts']>, partNumber: number | undefined, bytes: Uint8Array): void {
  if (partNumber === undefined) throw refused('body', 'body.part_number should be defined, instead was `undefined`.');
  if (partNumber > parts.total) {
    throw refused('body', `body.part_number should be ≤ \`${parts.total}\`, instead was \`${partNumber}\`.`);
  }
  const tooSmall = partNumber < parts.total && bytes.byteLength < smallestPart;
  if (tooSmall || bytes.byteLength > singlePartLimit) {
    throw invalid('A part must have 5 to 20 MiB; only the last may be smaller.');
  }
  parts.sent.set(partNumber, bytes);
}

function finish(upload: Upload, bytes: Uint8Array, { workspace }: Call): void {
  const { maxUploadBytes } = workspace.settings();
  if (bytes.byteLength > maxUploadBytes) {
    const limit = Number((maxUploadBytes / mebibyte).toFixed(2));
    throw invalid(
      `The file size is not within the allowed limit of ${limit} MiB. Please try again with a new file upload.`,
    );
  }
  const fileId = workspace.ids.uuid();
  const contentType = upload.contentType ?? 'application/octet-stream';
  workspace.files.put(fileId, { name: upload.filename ?? 'Untitled', contentType, bytes });
  upload.status = 'uploaded';
  upload.contentLength = bytes.byteLength;
  upload.sentAt = workspace.monotonic();
  upload.fileId = fileId;
  upload.parts?.sent.clear();
}

function showUpload(upload: Upload, call: Call): Answer {
  const status = statusOf(upload, call);
  const address = `${call.workspace.origin}/v1/file_uploads/${upload.id}`;
  return {
    object: 'file_upload',
    id: upload.id,
    created_time: minuteStamp(upload.createdAt),
    created_by: { id: call.workspace.botId, type: 'bot' },
    last_edited_time: minuteStamp(upload.createdAt),
    expiry_time: upload.expiresAt === null ? null : new Date(upload.expiresAt).toISOString(),
    ...trashFlags(call, false),
    status,
    filename: upload.filename,
    content_type: upload.contentType,
    content_length: upload.contentLength,
    ...(status === 'pending' && { upload_url: `${address}/send` }),
    ...(upload.parts && {
      ...(status === 'pending' && { complete_url: `${address}/complete` }),
      number_of_parts: {
        total: upload.parts.total,
        sent: upload.status === 'uploaded' ? upload.parts.total : upload.parts.sent.size,
      },
    }),
  };
}

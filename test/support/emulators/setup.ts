import { Client, isHTTPResponseError } from '@notionhq/client';
import { onTestFinished } from 'vitest';
import type { BoardDatabase } from '../../../src/emulators/notion/board-database.ts';
import { type EmbeddedBoard, startEmbeddedBoard } from '../../../src/emulators/notion/embedded-board.ts';
import type { EmbeddedBoardOptions } from '../../../src/emulators/notion/options.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

export const version = '2026-03-11';

export interface Setup {
  board: EmbeddedBoard;
  database: BoardDatabase;
  client: Client;
  clock: FakeClock;
  /** A request without the client's help. */
  call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;
}

/** A board of one posts database, its official client and its clock; closed when the test is over. */
export async function setUp(options: EmbeddedBoardOptions = {}): Promise<Setup> {
  const clock = createFakeClock();
  const board = await startEmbeddedBoard({ clock, ...options });
  onTestFinished(() => board.close());
  const database = board.createDatabase('Posts', {
    Name: { title: {} },
    Prompt: { rich_text: {} },
    Status: { status: { options: [{ name: 'Needs image' }, { name: 'Generating' }, { name: 'Image ready' }] } },
    Image: { files: {} },
    Model: { select: { options: [{ name: 'flux' }] } },
    Tags: { multi_select: {} },
    Steps: { number: {} },
    Link: { url: {} },
    Done: { checkbox: {} },
    Due: { date: {} },
  });
  const client = new Client({
    auth: board.token,
    baseUrl: board.url,
    notionVersion: version,
    retry: false,
    logger: () => {},
  });
  const call: Setup['call'] = (method, path, body, headers) =>
    fetch(`${board.url}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${board.token}`,
        'notion-version': version,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { board, database, client, clock, call };
}

/** The refusal that a call of the client ends in, as `status code: message`. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!isHTTPResponseError(error)) throw error;
    const body: unknown = JSON.parse(error.body);
    const said = typeof body === 'object' && body !== null ? { code: '', message: '', ...body } : undefined;
    return `${error.status} ${said?.code}: ${said?.message}`;
  }
  return 'no refusal';
}

const pngHeader = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Something to upload. */
export function imageBlob(byteLength = 64, type = 'image/png'): Blob {
  const bytes = new Uint8Array(byteLength);
  bytes.set(pngHeader.subarray(0, byteLength));
  return new Blob([bytes], { type });
}

/** Uploads an image, and answers with the upload's id. */
export async function upload(client: Client, filename = 'a.png'): Promise<string> {
  const { id } = await client.fileUploads.create({ filename, content_type: 'image/png' });
  await client.fileUploads.send({ file_upload_id: id, file: { filename, data: imageBlob() } });
  return id;
}

/** A field of something whose type is not known. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? Object.getOwnPropertyDescriptor(inner, key)?.value : undefined,
    value,
  );
}

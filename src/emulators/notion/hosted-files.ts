import { createHmac, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';

const validMs = 60 * 60_000;

interface FileAnswer {
  status: number;
  contentType: string;
  body: Uint8Array;
}

/** The files Notion keeps, behind signed addresses that expire. */
export interface HostedFiles {
  put(id: string, file: { name: string; contentType: string; bytes: Uint8Array }): void;
  bytes(id: string): Uint8Array | undefined;
  /** A fresh address. */
  link(id: string): { url: string; expiry_time: string };
  /** The file behind an address that is still good. */
  idOf(url: string): string | undefined;
  serve(url: URL): FileAnswer;
}

interface HostedFilesOptions {
  now: () => number;
  /** Where the board listens. */
  origin: () => string;
  /** Bytes held in memory before the oldest are let go. */
  maxHeldBytes: number;
  /** Signs the addresses. */
  key: string;
}

export function createHostedFiles({ now, origin, maxHeldBytes, key }: HostedFilesOptions): HostedFiles {
  const files = new Map<string, { name: string; contentType: string }>();
  const held = new LRUCache<string, Uint8Array>({
    maxSize: maxHeldBytes,
    sizeCalculation: ({ byteLength }) => Math.max(1, byteLength),
  });

  const sign = (id: string, expires: string) => createHmac('sha256', key).update(`${id}\n${expires}`).digest('hex');

  const open = (url: URL): { id: string; good: boolean } => {
    const [, folder, id = ''] = url.pathname.split('/');
    const expires = url.searchParams.get('expires') ?? '';
    const signature = Buffer.from(url.searchParams.get('signature') ?? '');
    const expected = Buffer.from(sign(id, expires));
    const genuine = signature.length === expected.length && timingSafeEqual(signature, expected);
    return { id, good: folder === 'files' && genuine && now() < Number(expires) * 1000 };
  };

  return {
    put(id, { name, contentType, bytes }) {
      files.set(id, { name, contentType });
      held.set(id, bytes);
    },
    bytes: (id) => held.peek(id),
    link(id) {
      const expiresSeconds = Math.floor((now() + validMs) / 1000);
      const name = encodeURIComponent(files.get(id)?.name ?? 'file');
      const query = `expires=${expiresSeconds}&signature=${sign(id, String(expiresSeconds))}`;
      return {
        url: `${origin()}/files/${id}/${name}?${query}`,
        expiry_time: new Date(expiresSeconds * 1000).toISOString(),
      };
    },
    idOf(text) {
      if (!URL.canParse(text)) return undefined;
      const url = new URL(text);
      const { id, good } = open(url);
      return url.origin === origin() && good && files.has(id) ? id : undefined;
    },
    serve(url) {
      const { id, good } = open(url);
      if (!good) return refusal(403, 'AccessDenied', 'Request has expired');
      const file = files.get(id);
      const body = held.peek(id);
      if (!file || !body) return refusal(404, 'NoSuchKey', 'The specified key does not exist.');
      return { status: 200, contentType: file.contentType, body };
    },
  };
}

/** As S3 says it. */
function refusal(status: number, code: string, message: string): FileAnswer {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, contentType: 'application/xml', body: Buffer.from(xml) };
}

import { createHmac, timingSafeEqual } from 'node:crypto';

const validMs = 60 * 60_000;

interface HostedFile {
  name: string;
  contentType: string;
  bytes: Uint8Array | undefined;
}

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
  maxHeldBytes: () => number;
  /** Signs the addresses. */
  key: string;
}

export function createHostedFiles({ now, origin, maxHeldBytes, key }: HostedFilesOptions): HostedFiles {
  const files = new Map<string, HostedFile>();
  const held: string[] = [];
  let heldBytes = 0;

  const sign = (id: string, expires: string) => createHmac('sha256', key).update(`${id}\n${expires}`).digest('hex');

  const letGo = () => {
    while (heldBytes > maxHeldBytes() && held.length > 0) {
      const file = files.get(held.shift() ?? '');
      heldBytes -= file?.bytes?.byteLength ?? 0;
      if (file) file.bytes = undefined;
    }
  };

  const open = (url: URL): { id: string; good: boolean } => {
    const [, folder, id = ''] = url.pathname.split('/');
    const expires = url.searchParams.get('expires') ?? '';
    const signature = Buffer.from(url.searchParams.get('signature') ?? '');
    const expected = Buffer.from(sign(id, expires));
    const genuine = signature.length === expected.length && timingSafeEqual(signature, expected);
    return { id, good: folder === 'files' && genuine && now() < Number(expires) * 1000 };
  };

  return {
    put(id, file) {
      files.set(id, { ...file });
      held.push(id);
      heldBytes += file.bytes.byteLength;
      letGo();
    },
    bytes: (id) => files.get(id)?.bytes,
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
      if (!file?.bytes) return refusal(404, 'NoSuchKey', 'The specified key does not exist.');
      return { status: 200, contentType: file.contentType, body: file.bytes };
    },
  };
}

/** As S3 says it. */
function refusal(status: number, code: string, message: string): FileAnswer {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, contentType: 'application/xml', body: Buffer.from(xml) };
}

import { invalid } from './errors.ts';

/** The file types Notion takes in that the board knows: extension → media types, the usual one first. */
const mediaTypes: Readonly<Record<string, readonly [string, ...string[]]>> = {
  gif: ['image/gif'],
  heic: ['image/heic'],
  jpeg: ['image/jpeg'],
  jpg: ['image/jpeg'],
  png: ['image/png'],
  svg: ['image/svg+xml'],
  tif: ['image/tiff'],
  tiff: ['image/tiff'],
  webp: ['image/webp'],
  ico: ['image/vnd.microsoft.icon', 'image/x-icon'],
  bmp: ['image/bmp'],
  avif: ['image/avif'],
  apng: ['image/apng'],
  pdf: ['application/pdf'],
  json: ['application/json'],
  txt: ['text/plain'],
  mp4: ['video/mp4'],
  mp3: ['audio/mpeg'],
};

function extensionOf(filename: string): string | undefined {
  return /\.([A-Za-z0-9]+)$/.exec(filename)?.[1]?.toLowerCase();
}

/** The media types a file of that name may have; empty when Notion does not take such files. */
function typesOf(filename: string): readonly string[] {
  return mediaTypes[extensionOf(filename) ?? ''] ?? [];
}

/** The extension of a media type; undefined when Notion does not take such files. */
function extensionFor(mediaType: string): string | undefined {
  return Object.keys(mediaTypes).findLast((extension) => mediaTypes[extension]?.includes(mediaType));
}

/** Name and type agree, or each gives the other what it lacks. */
export function nameAndType(
  name: string | undefined,
  type: string | undefined,
): { filename: string | null; contentType: string | null } {
  const mediaType = type?.split(';', 1)[0]?.trim().toLowerCase();
  const extension = mediaType === undefined ? undefined : extensionFor(mediaType);
  if (mediaType !== undefined && extension === undefined) {
    throw invalid(`The content type "${mediaType}" is not supported by the file upload API.`);
  }
  if (name === undefined) return { filename: null, contentType: mediaType ?? null };
  if (extensionOf(name) === undefined && extension !== undefined) {
    return { filename: `${name}.${extension}`, contentType: mediaType ?? null };
  }
  const possible = typesOf(name);
  const [usual] = possible;
  if (usual === undefined) throw invalid(`The file extension of "${name}" is not supported by the file upload API.`);
  if (mediaType !== undefined && !possible.includes(mediaType)) {
    throw invalid(`The content type "${mediaType}" does not match the file extension of "${name}".`);
  }
  return { filename: name, contentType: mediaType ?? usual };
}

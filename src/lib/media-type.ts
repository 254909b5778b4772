export type MediaType = 'image/png' | 'image/jpeg' | 'image/webp';

/** By the first bytes; headers and names are often wrong (providers' recordings, 2026). Undefined for anything but an image. */
export function mediaTypeOf(bytes: Uint8Array): MediaType | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1A\n')) return 'image/png';
  if (head.startsWith('\xFF\xD8\xFF')) return 'image/jpeg';
  return /^RIFF[^]{4}WEBP/.test(head) ? 'image/webp' : undefined;
}

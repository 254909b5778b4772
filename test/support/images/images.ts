import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import type { Sharp } from 'sharp';

/** Pixels of an image full of detail, the same on every run. */
export function detail(width: number, height: number): Sharp {
  const pixels = new Uint8Array(width * height * 3);
  let state = 1;
  for (let index = 0; index < pixels.length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    pixels[index] = state >>> 24;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** An image that is red on its left and blue on its right. */
export function redBlue(width: number, height: number): Sharp {
  const blue = { create: { width: width / 2, height, channels: 3 as const, background: '#0000ff' } };
  return sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([
    { input: blue, left: width / 2, top: 0 },
  ]);
}

/** An image of one colour. */
export function flat(width: number, height: number, background: string): Sharp {
  return sharp({ create: { width, height, channels: 4, background } });
}

/** One chunk of a PNG. */
function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** The PNG with one more chunk after its header. */
export function withChunk(png: Buffer, type: string, data: Uint8Array): Buffer {
  const headerEnd = 8 + 25;
  return Buffer.concat([png.subarray(0, headerEnd), pngChunk(type, data), png.subarray(headerEnd)]);
}

/** The names of a PNG's chunks, each once. */
export function chunkTypes(png: Uint8Array): string[] {
  const buffer = Buffer.from(png);
  const types = new Set<string>();
  for (let offset = 8; offset < buffer.length; offset += 12 + buffer.readUInt32BE(offset)) {
    types.add(buffer.toString('latin1', offset + 4, offset + 8));
  }
  return [...types];
}

/** A black PNG of one bit a pixel: few bytes, any number of pixels. */
export function bomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1A\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A WebP of two frames. */
export async function animatedWebp(width: number, height: number): Promise<Buffer> {
  const pixels = await detail(width, height * 2)
    .raw()
    .toBuffer();
  const raw = { width, height: height * 2, channels: 3 as const, pageHeight: height };
  return sharp(pixels, { raw })
    .webp({ delay: [100, 100] })
    .toBuffer();
}

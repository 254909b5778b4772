import { crc32 } from 'node:zlib';
import sharp from 'sharp';

/** A PNG as the web UI writes it: noise by its seed, with its `parameters` (the whole prompt) in a text chunk. */
export async function drawPng(image: {
  width: number;
  height: number;
  seed: number;
  parameters: string;
}): Promise<Buffer> {
  const { width, height, seed, parameters } = image;
  const pixels = new Uint8Array(width * height * 3);
  let state = seed >>> 0;
  for (let index = 0; index < pixels.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pixels[index] = state >>> 24;
  }
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
  const headerEnd = 33;
  return Buffer.concat([png.subarray(0, headerEnd), textChunk('parameters', parameters), png.subarray(headerEnd)]);
}

/** The image in the server's `samples_format`. */
export async function encode(png: Buffer, format: 'png' | 'jpeg' | 'webp'): Promise<Buffer> {
  return format === 'png' ? png : sharp(png).toFormat(format).toBuffer();
}

/** tEXt where Latin-1 suffices, else iTXt. */
function textChunk(keyword: string, text: string): Buffer {
  const isLatin = Buffer.from(text, 'latin1').toString('latin1') === text;
  const name = Buffer.from(`${keyword}\0`, 'latin1');
  return isLatin
    ? chunk('tEXt', Buffer.concat([name, Buffer.from(text, 'latin1')]))
    : chunk('iTXt', Buffer.concat([name, Buffer.alloc(4), Buffer.from(text)]));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

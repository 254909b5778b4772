import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';

const answers: Readonly<Record<string, readonly [status: number, error: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Headers too large', 'The headers are too large: send at most 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Timeout', 'The request did not arrive in time: send it again.'],
};
const unreadable = [
  400,
  'Invalid request',
  'This is no HTTP request that can be read: check it and send it again.',
] as const;

/** Answers on a connection whose bytes never became a request, and ends it. */
export function answerRaw(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, title, message] = answers[error.code ?? ''] ?? unreadable;
  const body = JSON.stringify({ error: title, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

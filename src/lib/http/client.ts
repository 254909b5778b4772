import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import axios from 'axios';
import { parseJson } from '../json.ts';
import { errorText } from '../text.ts';

/** One HTTP request to a foreign service. */
export interface HttpRequest {
  method: 'GET' | 'POST';
  url: string;
  headers?: Record<string, string>;
  /** Sent as JSON, but strings and bytes as they are. */
  body?: unknown;
  /** Of the decoded answer; 36 MiB unless given, which is 25 MiB of image in base64 and some room. */
  maxBytes?: number;
  /** Finds the host's address instead of the system; such a request goes past any proxy. */
  lookup?: LookupFunction;
  /** Covers the whole exchange, to the last byte of the answer. */
  signal: AbortSignal;
}

/** Whatever a service answered, whichever status it has. */
export interface HttpAnswer {
  status: number;
  /** By lower-case name. */
  headers: Record<string, string>;
  bytes: Uint8Array;
  /** At most the first 4 KiB, for messages and classification. */
  text(): string;
  /** Undefined when it is not JSON. */
  json(): unknown;
}

/** unreachable: nothing was sent · broken: the connection was lost afterwards · too_large: the answer is over `maxBytes`. */
export type HttpFailure = 'unreachable' | 'broken' | 'too_large';

/** A request that got no usable answer. The message goes behind the service's name, and holds neither path nor query. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly kind: HttpFailure;
  /** Node's code such as ECONNREFUSED, where there is one. */
  readonly code: string | undefined;
  /** The status of an answer that was too large. */
  readonly status: number | undefined;

  constructor(kind: HttpFailure, message: string, details: { cause?: unknown; status?: number } = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.code = codeOf(details.cause);
    this.status = details.status;
  }
}

const defaultMaxBytes = 36 * 1024 * 1024;
const maxTextBytes = 4 * 1024;

// A reused connection may be closed just as the next request goes out, and nobody could say whether that one was seen.
const httpAgent = new http.Agent({ keepAlive: false });
const httpsAgent = new https.Agent({ keepAlive: false });

/**
 * Sends one request and reads the whole answer; follows no redirect.
 * @throws {HttpError} when there is no usable answer; the signal's reason when it is aborted.
 */
export async function sendRequest(request: HttpRequest): Promise<HttpAnswer> {
  const { signal, maxBytes = defaultMaxBytes } = request;
  signal.throwIfAborted();
  const url = new URL(request.url);
  const connection = { open: false };
  const { data, contentType } = encodeBody(request.body);
  try {
    const response = await axios.request<Readable>({
      method: request.method,
      url: url.href,
      headers: { ...(contentType !== undefined && { 'content-type': contentType }), ...request.headers },
      data,
      responseType: 'stream',
      signal,
      maxRedirects: 0,
      maxBodyLength: Number.POSITIVE_INFINITY,
      validateStatus: () => true,
      transformRequest: [],
      httpAgent,
      httpsAgent,
      transport: watchingTransport(connection, request.lookup),
      ...((request.lookup !== undefined || isLoopback(url.hostname)) && { proxy: false }),
    });
    const { status, headers } = response;
    const bytes = await readBody(response.data, maxBytes);
    if (bytes !== undefined) return answerOf(status, plainHeaders(headers), bytes);
    throw new HttpError('too_large', `sent more than ${Math.round(maxBytes / 1024 / 1024)} MiB`, { status });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (cause instanceof HttpError) throw cause;
    const reason = reasonOf(cause);
    throw connection.open
      ? new HttpError('broken', `broke off the connection (${reason})`, { cause })
      : new HttpError('unreachable', `cannot be reached at ${url.host} (${reason})`, { cause });
  }
}

function encodeBody(body: unknown): { data?: string | Buffer; contentType?: string } {
  if (body === undefined) return {};
  if (typeof body === 'string') return { data: body, contentType: 'text/plain; charset=utf-8' };
  if (body instanceof Uint8Array) return { data: Buffer.from(body), contentType: 'application/octet-stream' };
  return { data: JSON.stringify(body), contentType: 'application/json' };
}

/** The plain transport, which also sees whether the connection came about: before that, nothing can have been sent. */
function watchingTransport(connection: { open: boolean }, lookup: LookupFunction | undefined) {
  return {
    request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest {
      const isHttps = options.protocol === 'https:';
      const request = (isHttps ? https : http).request({ ...options, ...(lookup && { lookup }) }, (response) => {
        connection.open = true;
        onResponse(response);
      });
      request.once('socket', (socket) => {
        socket.once(isHttps ? 'secureConnect' : 'connect', () => (connection.open = true));
      });
      return request;
    },
  };
}

/** Undefined when it is too long. */
async function readBody(stream: Readable, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answerOf(status: number, headers: Record<string, string>, bytes: Uint8Array): HttpAnswer {
  return {
    status,
    headers,
    bytes,
    text: () => new TextDecoder().decode(bytes.subarray(0, maxTextBytes), { stream: true }),
    json: () => parseJson(new TextDecoder().decode(bytes)),
  };
}

function plainHeaders(headers: object): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]: [string, unknown]) => {
    const text = Array.isArray(value) ? value.join(', ') : value;
    return typeof text === 'string' ? [[name.toLowerCase(), text]] : [];
  });
  return Object.fromEntries(entries.flat());
}

function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\])$/i.test(hostname);
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'unknown host name',
  EAI_AGAIN: 'host names cannot be looked up',
  ECONNRESET: 'connection reset',
};

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined) return reasons[code] ?? code;
  return errorText(error);
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
}

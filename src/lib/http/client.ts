import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import axios from 'axios';
import { ProviderError } from '../../core/errors.ts';
import { hideIn } from '../redact-quotes.ts';

/** One HTTP call of a provider. */
export interface ProviderCall {
  /** The provider's name for messages, for example "Hugging Face". */
  label: string;
  method: 'GET' | 'POST';
  url: string;
  headers?: Record<string, string>;
  /** Sent as JSON, but strings and bytes as they are. */
  body?: unknown;
  /** Of the decoded answer; 36 MiB unless given, which is 25 MiB of picture in base64 and some room. */
  maxBytes?: number;
  /** Finds the host's address instead of the system; such a call goes past any proxy. */
  lookup?: LookupFunction;
  /** Covers the whole call, to the last byte of the answer. */
  signal: AbortSignal;
}

/** Whatever a provider answered, whichever status it has. */
export interface ProviderAnswer {
  status: number;
  /** By lower-case name. */
  headers: Record<string, string>;
  bytes: Uint8Array;
  /** At most the first 4 KiB, for messages and classification. */
  text(): string;
  /** Undefined when it is not JSON. */
  json(): unknown;
}

const defaultMaxBytes = 36 * 1024 * 1024;
const maxTextBytes = 4 * 1024;

// A reused connection may be closed just as the next call goes out, and nobody could say whether that call was seen.
const httpAgent = new http.Agent({ keepAlive: false });
const httpsAgent = new https.Agent({ keepAlive: false });

/**
 * Sends one call and reads the whole answer; follows no redirect.
 * @throws {ProviderError} `unreachable` when nothing was sent, `unavailable` when the connection was lost afterwards,
 * `bad_image` when the answer is over `maxBytes`; the signal's reason when it is aborted.
 */
export async function callProvider(call: ProviderCall): Promise<ProviderAnswer> {
  const { label, signal, maxBytes = defaultMaxBytes } = call;
  signal.throwIfAborted();
  const url = new URL(call.url);
  const connection = { open: false };
  const { data, contentType } = encodeBody(call.body);
  try {
    const response = await axios.request<Readable>({
      method: call.method,
      url: url.href,
      headers: { ...(contentType !== undefined && { 'content-type': contentType }), ...call.headers },
      data,
      responseType: 'stream',
      signal,
      maxRedirects: 0,
      maxBodyLength: Number.POSITIVE_INFINITY,
      validateStatus: () => true,
      transformRequest: [],
      httpAgent,
      httpsAgent,
      transport: watchingTransport(connection, call.lookup),
      ...((call.lookup !== undefined || isLoopback(url.hostname)) && { proxy: false }),
    });
    const bytes = await readBody(response.data, maxBytes);
    if (bytes === undefined) {
      const message = `${label} sent more than ${Math.round(maxBytes / 1024 / 1024)} MiB`;
      throw new ProviderError('bad_image', message, { status: response.status, sent: true });
    }
    return answerOf(response.status, plainHeaders(response.headers), bytes);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ProviderError) throw error;
    throw connection.open
      ? new ProviderError('unavailable', `${label} broke off the connection (${reasonOf(error)})`, {
          sent: true,
          cause: error,
        })
      : new ProviderError('unreachable', `${label} cannot be reached at ${url.host} (${reasonOf(error)})`, {
          sent: false,
          cause: error,
        });
  }
}

/** The wait that an answer asks for, in ms: Retry-After, RateLimit's `t`, or `retry_after` and `estimated_time` in its JSON. */
export function retryAfterMs(answer: ProviderAnswer, now: number): number | undefined {
  const body = answer.json();
  const candidates = [
    parseRetryAfter(answer.headers['retry-after'], now),
    parseRateLimit(answer.headers['ratelimit']),
    ...[body, field(body, 'error')].flatMap((value) => [
      parseRetryAfter(field(value, 'retry_after'), now),
      parseRetryAfter(field(value, 'estimated_time'), now),
    ]),
  ];
  const maxMs = 30 * 24 * 3_600_000;
  return candidates.find((ms) => ms !== undefined && ms >= 0 && ms <= maxMs);
}

/** The provider's own words about a failure: one line of at most 200 characters, without what is to be hidden (the prompt, the key). */
export function saidBy(answer: ProviderAnswer, hide: readonly string[] = []): string {
  const line = hideIn(messageIn(answer.json()) ?? describe(answer), hide)
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim();
  const characters = Array.from(line);
  return characters.length > 200 ? `${characters.slice(0, 199).join('')}…` : line;
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

function answerOf(status: number, headers: Record<string, string>, bytes: Uint8Array): ProviderAnswer {
  return {
    status,
    headers,
    bytes,
    text: () => new TextDecoder().decode(bytes.subarray(0, maxTextBytes), { stream: true }),
    json() {
      try {
        return JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        return undefined;
      }
    },
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
  const code = field(error, 'code') ?? field(field(error, 'cause'), 'code');
  if (typeof code === 'string') return reasons[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

/** Seconds or an HTTP date. */
function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value === 'number') return value * 1000;
  if (typeof value !== 'string') return undefined;
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  return value.endsWith(' GMT') ? Date.parse(value) - now : undefined;
}

/** `"api";r=0;t=55` (draft-ietf-httpapi-ratelimit-headers-09): the longest wait among the used-up limits. */
function parseRateLimit(header: string | undefined): number | undefined {
  const limits = (header ?? '').split(',').flatMap((item) => {
    const seconds = /;\s*t=(\d+)/.exec(item)?.[1];
    return seconds === undefined ? [] : [{ usedUp: /;\s*r=0(?!\d)/.test(item), ms: Number(seconds) * 1000 }];
  });
  const telling = limits.some(({ usedUp }) => usedUp) ? limits.filter(({ usedUp }) => usedUp) : limits;
  return telling.length > 0 ? Math.max(...telling.map(({ ms }) => ms)) : undefined;
}

/** Looks where JSON errors usually keep their words; as deep as they go and no deeper. */
function messageIn(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || depth > 4) return undefined;
  if (Array.isArray(value)) return messageIn(value[0], depth + 1);
  const [title, detail] = [field(value, 'title'), field(value, 'detail')];
  if (typeof title === 'string' && typeof detail === 'string') return `${title}: ${detail}`;
  for (const name of ['error', 'message', 'detail', 'msg', 'errors', 'title']) {
    const message = messageIn(field(value, name), depth + 1);
    if (message !== undefined) return message;
  }
  return undefined;
}

function describe(answer: ProviderAnswer): string {
  const text = answer.text().trim();
  if (answer.bytes.byteLength === 0) return 'an empty answer';
  if (text.startsWith('<')) return 'an HTML page';
  if (answer.json() !== undefined) return 'JSON without a message';
  return /\uFFFD|(?!\s)\p{Cc}/u.test(text) ? 'data that is not text' : text;
}

/** Also cuts off a quotation that the provider shortened. */

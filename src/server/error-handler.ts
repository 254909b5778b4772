import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { HttpError, notFound } from './http-error.ts';
import type { ServerParts } from './parts.ts';

type Tools = Pick<ServerParts, 'log' | 'redact'>;

/** Answers every error in one shape, without secrets and stack traces. */
export function answerErrors(app: FastifyInstance, tools: Tools): void {
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, tools));
}

/** Answers an error that came before any route was found, such as an address that cannot be read. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, tools: Tools): FastifyReply {
  const known = error instanceof HttpError ? error : translate(error);
  if (!known) {
    const { method, routeOptions } = request;
    tools.log.error({ err: error, method, route: routeOptions.url }, 'HTTP: a request failed in an unforeseen way');
  }
  const { statusCode, title, message, facts, headers } = known ?? unforeseen();
  for (const name of ['content-disposition', 'etag', 'last-modified', 'accept-ranges']) reply.removeHeader(name);
  return reply
    .code(statusCode)
    .headers({ 'cache-control': 'no-store', ...headers })
    .type('application/json; charset=utf-8')
    .serializer((answer: unknown) => answerText(answer, tools))
    .send({ error: title, message, ...facts });
}

function unforeseen(): HttpError {
  const step = 'ask again, and if it stays, the operator finds it in the log';
  return new HttpError(500, 'Internal error', `Something went wrong that nobody foresaw: ${step}.`);
}

function answerText(answer: unknown, { redact }: Pick<Tools, 'redact'>): string {
  return JSON.stringify(answer, (_, value: unknown) => (typeof value === 'string' ? redact(value) : value));
}

/** The caller's mistake as an answer; undefined where the caller made none. */
function translate(error: unknown): HttpError | undefined {
  if (!(error instanceof Error)) return undefined;
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error.validation);
  const { code, statusCode: status } = clientError.safeParse(error).data ?? {};
  if (status === undefined) return undefined;
  // What the sender of files refuses, such as a path that leads out of their folder.
  if (status === 403 || status === 404) return notFound();
  const [title, message] = clientMistakes[code ?? ''] ?? unreadable;
  return new HttpError(status, title, message);
}

/** What Fastify and its plugins throw for a mistake of the caller's. */
const clientError = z.object({
  statusCode: z.number().min(400).max(499),
  code: z.string().optional().catch(undefined),
});

const unreadable = ['Invalid request', 'The request cannot be read: check it and send it again.'] as const;
const notJson = ['Invalid request', 'The body is not valid JSON: check its quotes, commas and braces.'] as const;

const clientMistakes: Readonly<Record<string, readonly [title: string, message: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['Too large', 'The body is too large: send at most 64 KiB.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'Unsupported media type',
    'The body is of a type that is not taken here: send JSON, with Content-Type: application/json.',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: notJson,
  FST_ERR_CTP_EMPTY_JSON_BODY: notJson,
  FST_ERR_BAD_URL: ['Invalid request', 'The address cannot be read: check its % signs.'],
  FST_ERR_MAX_PARAM_LENGTH: ['Invalid request', 'The address is too long.'],
};

/** The first mistake is the message; of each field the first one is listed. */
function invalidRequest(mistakes: readonly { instancePath?: string; message?: string }[]): HttpError {
  const byField = new Map<string, string>();
  for (const { instancePath = '', message = '' } of mistakes) {
    const field = instancePath.slice(1).split('/')[0] || 'body';
    if (!byField.has(field)) byField.set(field, message);
  }
  const problems = [...byField].map(([field, message]) => ({ field, message }));
  const [first] = problems;
  return new HttpError(400, 'Invalid request', first?.message ?? 'The request is not valid.', {
    facts: { ...(first && { field: first.field }), problems },
  });
}

const rawAnswers: Readonly<Record<string, readonly [status: number, error: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Headers too large', 'The headers are too large: send at most 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Timeout', 'The request did not arrive in time: send it again.'],
};
const unreadableBytes = [
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
  const [status, title, message] = rawAnswers[error.code ?? ''] ?? unreadableBytes;
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

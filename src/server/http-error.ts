import { STATUS_CODES } from 'node:http';
import { z } from 'zod';

/** What every error's answer says. */
const errorAnswer = z
  .object({
    error: z.string().describe('What went wrong, in a few words.'),
    message: z.string().describe('One sentence with what to do.'),
  })
  .catchall(z.unknown())
  .meta({ id: 'Error', description: 'An error, with further facts where there are any.' });

interface HttpErrorFacts {
  /** Further fields of the answer. */
  facts?: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/** An answer that is an error: a short title, and one sentence with what to do. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly statusCode: number;
  readonly title: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(statusCode: number, title: string, message: string, details: HttpErrorFacts = {}) {
    const { facts = {}, headers = {}, cause } = details;
    super(message, cause === undefined ? {} : { cause });
    this.statusCode = statusCode;
    this.title = title;
    this.facts = facts;
    this.headers = headers;
  }
}

/** Nothing is there, or nothing that the caller may know of. */
export function notFound(message = 'Nothing is here: check the address.'): HttpError {
  return new HttpError(404, 'Not found', message);
}

/** The server is about to end. */
export function stopping(): HttpError {
  return new HttpError(503, 'Stopping', 'The server is stopping: ask again in a minute.', {
    headers: { 'retry-after': '60', connection: 'close' },
  });
}

/** Too much was asked in too short a time. */
export function tooMany(message: string, retryAfterSeconds: number): HttpError {
  const seconds = Math.max(1, Math.ceil(retryAfterSeconds));
  return new HttpError(429, 'Too many requests', `${message} Ask again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

/** The schemas of error answers, for a route's document. */
export function errorAnswers<S extends number>(...statuses: S[]) {
  const answers = statuses.map((status) => [
    status,
    { description: STATUS_CODES[status] ?? '', content: { 'application/json': { schema: errorAnswer } } },
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built from these statuses
  return Object.fromEntries(answers) as Record<
    S,
    { description: string; content: { 'application/json': { schema: typeof errorAnswer } } }
  >;
}

/** What a route that needs a known caller may answer: its own, these errors, and those of every such route. */
export function guardedAnswers<A extends object, S extends number = never>(own: A, ...errors: S[]) {
  return { ...own, ...errorAnswers(...errors), ...errorAnswers(401, 403, 429, 500, 503) };
}

export type ErrorFacts = Record<string, unknown>;

/** A refusal in Notion's own form. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly additionalData: ErrorFacts | undefined;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, facts?: ErrorFacts, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.additionalData = facts;
    this.headers = headers;
  }
}

export function invalid(message: string, facts?: ErrorFacts): ApiError {
  return new ApiError(400, 'validation_error', message, facts);
}

export function invalidUrl(): ApiError {
  return new ApiError(400, 'invalid_request_url', 'Invalid request URL.');
}

export function conflict(): ApiError {
  return new ApiError(409, 'conflict_error', 'Conflict occurred while saving. Please try again.');
}

export type Kind = 'page' | 'database' | 'data source' | 'block';

/** Missing, removed and not shared look the same from outside. */
export function notFound(kind: Kind, id: string, connectionName: string): ApiError {
  return new ApiError(
    404,
    'object_not_found',
    `Could not find ${kind} with ID: ${id}. Make sure the relevant pages and databases are shared with your integration "${connectionName}".`,
  );
}

/** `reason` is one of Notion's four rate_limit_reason words. */
export function rateLimited(reason: string, retryAfterSeconds: number): ApiError {
  return new ApiError(
    429,
    'rate_limited',
    'You have been rate limited. Please try again later.',
    { rate_limit_reason: reason, retry_after: String(retryAfterSeconds) },
    { 'retry-after': String(retryAfterSeconds) },
  );
}

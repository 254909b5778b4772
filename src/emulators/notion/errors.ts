type ErrorFacts = Record<string, unknown>;

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

export function invalid(message: string): ApiError {
  return new ApiError(400, 'validation_error', message);
}

export function invalidUrl(): ApiError {
  return new ApiError(400, 'invalid_request_url', 'Invalid request URL.');
}

export type Kind = 'page' | 'database' | 'data source';

/** Missing, removed and not shared look the same from outside. */
export function notFound(kind: Kind, id: string, connectionName: string): ApiError {
  return new ApiError(
    404,
    'object_not_found',
    `Could not find ${kind} with ID: ${id}. Make sure the relevant pages and databases are shared with your integration "${connectionName}".`,
  );
}

export function rateLimited(retryAfterSeconds: number): ApiError {
  const seconds = String(retryAfterSeconds);
  const facts = { rate_limit_reason: 'public_api_request_rate_limit', retry_after: seconds };
  const message = 'You have been rate limited. Please try again later.';
  return new ApiError(429, 'rate_limited', message, facts, { 'retry-after': seconds });
}

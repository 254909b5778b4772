import type { IncomingHttpHeaders } from 'node:http';
import { parseJson } from '../../lib/json.ts';
import type { Answer } from './call.ts';
import { ApiError, invalid, invalidUrl, rateLimited } from './errors.ts';
import { readParams, type Route } from './router.ts';
import type { Workspace } from './workspace.ts';

const servedVersion = '2026-03-11';
const maxJsonBytes = 500 * 1024;
/** The largest body of any kind: one part of an upload, and the form around it. */
export const maxBodyBytes = 24 * 1024 * 1024;

/** A request as it came off the wire. */
export interface Incoming {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  bytes: Uint8Array;
  /** What the path leads to, with the raw parameters; undefined when it leads nowhere. */
  match: { route: Route; raw: Record<string, string> } | undefined;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array | string;
  /** The body, where it is JSON. */
  json?: Answer;
}

/** Answers one request of the API: the checks in Notion's order, then the route. */
export type Api = (incoming: Incoming) => Promise<Reply>;

export function createApi(workspace: Workspace): Api {
  /** A fixed window, which begins with the first request after the last one ended. */
  let window = { startedAt: -Infinity, requests: 0 };

  const countRequest = (): void => {
    const { requests, windowMs } = workspace.settings().rateLimit;
    const now = workspace.monotonic();
    if (now >= window.startedAt + windowMs) window = { startedAt: now, requests: 0 };
    if (window.requests >= requests) throw rateLimited(Math.ceil((window.startedAt + windowMs - now) / 1000));
    window.requests += 1;
  };

  return async (incoming) => {
    try {
      if (incoming.match === undefined) throw invalidUrl();
      const { route, raw } = incoming.match;
      const { token, capabilities } = workspace.settings();
      if (incoming.headers.authorization !== `Bearer ${token}`) {
        throw new ApiError(401, 'unauthorized', 'API token is invalid.');
      }
      countRequest();
      if (incoming.bytes.byteLength > maxBodyBytes) {
        throw new ApiError(413, 'validation_error', 'Request body too large.');
      }
      requireVersion(incoming);
      if (!route.allows(capabilities)) {
        throw new ApiError(403, 'restricted_resource', 'Insufficient permissions for this endpoint.');
      }
      const contentType = incoming.headers['content-type'] ?? '';
      const body = contentType.startsWith('multipart/') ? {} : readJson(incoming.bytes);
      const params = readParams(raw);
      const query = incoming.url.searchParams;
      const { bytes } = incoming;
      const answer = await route.handle({ params, query, body, bytes, contentType, workspace, effects: [] });
      return jsonReply(200, answer, workspace);
    } catch (error) {
      const failure =
        error instanceof ApiError
          ? error
          : new ApiError(500, 'internal_server_error', 'Unexpected error occurred.', { cause: String(error) });
      return errorReply(failure, workspace);
    }
  };
}

export function errorReply(error: ApiError, workspace: Workspace): Reply {
  const { status, code, message, additionalData, headers } = error;
  const facts = additionalData && { additional_data: additionalData };
  return jsonReply(status, { object: 'error', status, code, message, ...facts }, workspace, headers);
}

export function jsonReply(
  status: number,
  answer: Answer,
  workspace: Workspace,
  extra: Record<string, string> = {},
): Reply {
  const requestId = workspace.ids.uuid();
  const json = { ...answer, request_id: requestId };
  const headers = { 'content-type': 'application/json; charset=utf-8', 'x-notion-request-id': requestId, ...extra };
  return { status, headers, json, body: JSON.stringify(json) };
}

function requireVersion({ headers, url }: Incoming): void {
  const given = headers['notion-version'];
  if (given === undefined) {
    throw new ApiError(
      400,
      'missing_version',
      'Notion-Version header failed validation: Notion-Version header should be defined, instead was `undefined`.',
    );
  }
  if (given === servedVersion) return;
  // Data sources came with 2025-09-03: for an older version they do not exist.
  if (String(given) < '2025-09-03' && url.pathname.startsWith('/v1/data_sources')) throw invalidUrl();
  throw invalid(
    `Notion-Version header failed validation: Notion-Version header should be \`"${servedVersion}"\`, instead was \`"${String(given)}"\`.`,
  );
}

function readJson(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return {};
  if (bytes.byteLength > maxJsonBytes) throw invalid('body failed validation: body should be at most 500 KB.');
  const parsed = parseJson(bytes);
  if (parsed === undefined) throw new ApiError(400, 'invalid_json', 'Error parsing JSON body.');
  return parsed;
}

import { isHTTPResponseError, isNotionClientError } from '@notionhq/client';
import { BoardError, ConfigError } from '../../core/errors.ts';
import { oneLine } from '../../lib/text.ts';
import { isBlocked, parseProblem, type ProblemBody } from './problem.ts';
import { AttemptError } from './transport.ts';

/** What was being done when a request failed. */
export interface FailedCall {
  doing: string;
  repeatable: boolean;
  outageMs: number;
  /** The request that failed last; undefined when none was sent. */
  request: { method: string; path: string } | undefined;
}

/** Of Notion's own words, in characters. */
const maxQuoted = 200;
const comeBack = 'the next run goes on where this one stopped';

/** The error that people read, in place of what the official client or the transport threw; others stay as they are. */
export function explainFailure(error: unknown, call: FailedCall): unknown {
  if (error instanceof AttemptError) return explainSilence(error, call);
  if (!isNotionClientError(error)) return error;
  if (!isHTTPResponseError(error)) {
    return new BoardError(
      'refused',
      `Notion cannot be asked to ${call.doing}: ${oneLine(error.message, maxQuoted)}`,
      error,
    );
  }
  const { status, body } = error;
  const problem = parseProblem(body);
  if (status === 401) return new ConfigError(refusedToken, error);
  if (status === 429 || status === 529) return explainSlowDown(error, isBlocked(problem), call);
  if (status < 400 || status >= 500) {
    const said = problem ? `: ${oneLine(problem.message, maxQuoted)}` : '';
    return unreachable(call, call.repeatable, `it answered with status ${status}${said}`, error);
  }
  if (problem) return explainRefusal(error, status, problem, call);
  if (status === 413) {
    return new BoardError('refused', `Notion refused to ${call.doing}: the request was too large for it.`, error);
  }
  const sentence = `Notion could not be reached while trying to ${call.doing}: something in between answered with status ${status}.`;
  return new BoardError(
    'unreachable',
    `${sentence} Check NOTION_API_URL, the network and its proxy; ${comeBack}.`,
    error,
  );
}

const refusedToken =
  'Notion refused the token: check NOTION_TOKEN, and copy it anew from the connection’s page at notion.so/developers.';

const wrongAddress =
  'Notion does not know the address it was asked at: check NOTION_API_URL, which takes no path (https://api.notion.com).';

function explainSilence(error: AttemptError, call: FailedCall): BoardError {
  if (error.failure === 'too_large' && call.repeatable) {
    return new BoardError('refused', `Notion was asked to ${call.doing}, but ${error.message}.`, error);
  }
  return unreachable(call, call.repeatable || error.failure === 'unsent', error.message, error);
}

function unreachable(call: FailedCall, tried: boolean, detail: string, cause: unknown): BoardError {
  const what = tried ? `could not be reached for ${Math.round(call.outageMs / 1000)} s` : 'gave no clear answer';
  const sentence = `Notion ${what} while trying to ${call.doing}: ${detail.replace(/\.$/, '')}.`;
  return new BoardError('unreachable', `${sentence} Check the network and status.notion.com; ${comeBack}.`, cause);
}

function explainSlowDown(error: Error, blocked: boolean, { doing }: FailedCall): BoardError {
  const sentence = blocked
    ? `Notion has blocked this connection’s requests while trying to ${doing}: ask Notion’s support why.`
    : `Notion kept asking to slow down while trying to ${doing}: see what else uses this workspace’s API; ${comeBack}.`;
  return new BoardError('unreachable', sentence, error);
}

function explainRefusal(
  error: Error,
  status: number,
  problem: ProblemBody,
  call: FailedCall,
): BoardError | ConfigError {
  const { doing, request } = call;
  const resource = request && resourceOf(request.path);
  if (problem.code === 'invalid_request_url') return new ConfigError(wrongAddress, error);
  if (problem.code === 'restricted_resource') {
    return new ConfigError(problem.additional_data?.block_limit ? usedUp(doing) : notAllowed(call), error);
  }
  if (status === 404 && (resource === 'databases' || resource === 'data_sources')) {
    return new ConfigError(
      `Notion knows no such database, or does not show it to this connection: check NOTION_DATABASE_ID, and add the connection in the database’s ••• menu under Connections.`,
      error,
    );
  }
  // A page's update is also answered with 404 when the upload it attaches is unknown (field reports, 2026-11).
  const missing = status === 404 && problem.code === 'object_not_found' && !problem.message.includes('file_upload');
  // Only its words say that a row is in the trash: "Can't edit block that is archived." (400 validation_error, 2026-11).
  const trashed = status === 400 && /can.t edit .*(archived|trash)/i.test(problem.message);
  if (resource === 'pages' && (missing || trashed)) {
    return new BoardError(
      'gone',
      `Notion could not ${doing}: the row was deleted, or is no longer shared with the connection.`,
      error,
    );
  }
  return new BoardError('refused', `Notion refused to ${doing}: ${oneLine(problem.message, maxQuoted)}`, error);
}

const usedUp = (doing: string) =>
  `Notion refused to ${doing}: the workspace has used up the blocks of its free plan. Upgrade its plan, or delete what it no longer needs.`;

const notAllowed = (call: FailedCall) =>
  `Notion does not let this connection ${call.doing}: switch on “${capabilityFor(call.request)}” among its capabilities at notion.so/developers, and see that the database is shared with it.`;

function capabilityFor(request: FailedCall['request']): string {
  if (!request) return 'Read content';
  const { method, path } = request;
  const resource = resourceOf(path);
  if (resource === 'users') return 'Read user information';
  if (method === 'GET' || path.endsWith('/query')) return 'Read content';
  return method === 'PATCH' ? 'Update content' : 'Insert content';
}

/** `pages` of `/v1/pages/<id>`, wherever the API's address leads. */
function resourceOf(path: string): string | undefined {
  return /\/v1\/(\w+)/.exec(path)?.[1];
}

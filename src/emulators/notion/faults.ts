import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { systemClock } from '../../lib/clock.ts';
import { errorReply, jsonReply, type Reply } from './api.ts';
import { ApiError, rateLimited } from './errors.ts';
import type { Workspace } from './workspace.ts';

/** Something that goes wrong with the requests it matches. */
export interface Fault {
  kind: FaultKind;
  /** A route's name, such as `pages.update`; any by default. */
  route?: string;
  method?: string;
  /** Strikes from the nth matching request on, counted from 1. */
  nth?: number;
  /** How often it strikes: once by default. */
  times?: number;
  /** True: the request takes effect before it goes wrong. The kinds that cut a real answer always do. */
  afterCommit?: boolean;
}

/** The kinds that are an answer of the API, made for the route and what was answered otherwise. */
const errorAnswers = {
  conflict_409: () => new ApiError(409, 'conflict_error', 'Conflict occurred while saving. Please try again.'),
  rate_limited_429: () => rateLimited(1),
  error_500: () => new ApiError(500, 'internal_server_error', 'Unexpected error occurred.'),
  unavailable_503: (route) =>
    new ApiError(
      503,
      'service_unavailable',
      'Notion is unavailable, please try again later.',
      route === 'dataSources.query' ? queryFacts : undefined,
    ),
  committed_503: (route, committed) =>
    new ApiError(
      503,
      'service_unavailable',
      'The change was saved, but the response could not be built in time. Read the object again instead of repeating the write.',
      committedFacts(route, committed),
    ),
  gateway_timeout_504: () => new ApiError(504, 'gateway_timeout', 'Gateway Timeout'),
  overload_529: () => {
    const message = 'Notion is overloaded, please try again later.';
    return new ApiError(529, 'service_overload', message, { retry_after: '1' }, { 'retry-after': '1' });
  },
} satisfies Record<string, (route: string, committed: Reply['json']) => ApiError>;

type ErrorKind = keyof typeof errorAnswers;
export type FaultKind =
  | ErrorKind
  | 'bad_gateway_502_html'
  | 'reset'
  | 'slow_body'
  | 'hang'
  | 'html_200'
  | 'empty_200'
  | 'truncated';

const isError = (kind: FaultKind): kind is ErrorKind => kind in errorAnswers;

/** The faults that are set. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** The fault that strikes this request, if one does. */
  strike(route: string, method: string): Fault | undefined;
}

export function createFaults(): Faults {
  let armed: { fault: Fault; matched: number; left: number }[] = [];
  return {
    add: (fault) => void armed.push({ fault, matched: 0, left: fault.times ?? 1 }),
    clear: () => void (armed = []),
    strike(route, method) {
      let struck: Fault | undefined;
      for (const each of armed) {
        const { fault } = each;
        const isOther = fault.method !== undefined && fault.method.toUpperCase() !== method.toUpperCase();
        if ((fault.route ?? route) !== route || isOther) continue;
        each.matched += 1;
        const due = struck === undefined && each.left > 0 && each.matched >= (fault.nth ?? 1);
        if (due) {
          each.left -= 1;
          struck = fault;
        }
      }
      armed = armed.filter((each) => each.left > 0);
      return struck;
    },
  };
}

/** Does the request take effect all the same? */
export function commits({ kind, afterCommit }: Fault): boolean {
  return afterCommit ?? ['committed_503', 'slow_body', 'empty_200', 'truncated'].includes(kind);
}

export function send(response: ServerResponse, reply: Reply): Reply {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) });
  response.end(reply.body);
  return reply;
}

/** Lets a fault have its way with the answer, and says what went out: undefined when nothing did. */
export async function sendFault(
  fault: Fault,
  route: string,
  reply: Reply | undefined,
  { response, workspace, signal }: { response: ServerResponse; workspace: Workspace; signal: AbortSignal },
): Promise<Reply | undefined> {
  const { kind } = fault;
  if (isError(kind)) return send(response, errorReply(errorAnswers[kind](route, reply?.json), workspace));
  const { status, headers, body } = reply ?? jsonReply(200, {}, workspace);
  const cut = { status, headers, body: '' };
  switch (kind) {
    case 'bad_gateway_502_html':
      return send(response, htmlPage(502, '502 Bad Gateway'));
    case 'html_200':
      return send(response, htmlPage(200, 'Just a moment...'));
    case 'empty_200':
      return send(response, cut);
    case 'slow_body':
      response.writeHead(status, headers);
      await drip(response, signal);
      return cut;
    case 'truncated': {
      const bytes = Buffer.from(body);
      response.writeHead(status, { ...headers, 'content-length': bytes.byteLength });
      response.write(bytes.subarray(0, Math.floor(bytes.byteLength / 2)), () => response.socket?.destroy());
      return cut;
    }
    case 'hang':
      await closed(response, signal);
      return undefined;
    case 'reset':
      response.socket?.resetAndDestroy();
      return undefined;
  }
}

const queryFacts = {
  endpoint_name: 'public_queryDataSource',
  notion_error_name: 'ServiceUnavailable',
  retry_guidance: ['Retry with exponential backoff.', 'Reduce page_size.', 'Use a narrower filter.'],
};

function committedFacts(route: string, answer: Reply['json'] = {}): Record<string, unknown> {
  return {
    from: 'response',
    elapsed_ms: 60_000,
    deadline_ms: 60_000,
    retry_guidance: ['Read the object again to confirm the saved change.', 'Do not repeat the write.'],
    ...(route.endsWith('.create') && { committed_resource_id: answer['id'] }),
  };
}

function htmlPage(status: number, title: string): Reply {
  const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

/** A byte now and then, in real time whatever the board's clock: it is the client's socket that is kept waiting. */
async function drip(response: ServerResponse, signal: AbortSignal): Promise<void> {
  while (!response.destroyed && !signal.aborted) {
    response.write(' ');
    await systemClock.sleep(200, signal).catch(() => undefined);
  }
}

/** Resolves when the client or the board has given up. */
async function closed(response: ServerResponse, signal: AbortSignal): Promise<void> {
  await once(response, 'close', { signal }).catch(() => undefined);
}

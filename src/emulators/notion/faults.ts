import type { Random } from '../../lib/clock.ts';
import { ApiError, conflict, rateLimited } from './errors.ts';

export type FaultKind =
  | 'conflict_409'
  | 'rate_limited_429'
  | 'error_500'
  | 'bad_gateway_502_html'
  | 'unavailable_503'
  | 'committed_503'
  | 'gateway_timeout_504'
  | 'overload_529'
  | 'reset'
  | 'slow_body'
  | 'hang'
  | 'html_200'
  | 'empty_200'
  | 'truncated';

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
  /** Strikes a matching request with this chance. */
  probability?: number;
  random?: Random;
  /** Of a 429 and a 529. */
  retryAfterSeconds?: number;
  /** Of a 429: Notion's rate_limit_reason. */
  reason?: string;
  /** True: the request takes effect before it goes wrong. The kinds that cut a real answer always do. */
  afterCommit?: boolean;
}

/** The faults that are set. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** The fault that strikes this request, if one does. */
  strike(route: string, method: string): Fault | undefined;
}

interface Armed {
  fault: Fault;
  matched: number;
  left: number;
}

export function createFaults(defaultRandom: Random): Faults {
  let armed: Armed[] = [];
  return {
    add: (fault) => void armed.push({ fault, matched: 0, left: fault.times ?? 1 }),
    clear: () => void (armed = []),
    strike(route, method) {
      let struck: Fault | undefined;
      for (const each of armed) {
        const { fault } = each;
        const matches =
          (fault.route ?? route) === route && (fault.method ?? method).toUpperCase() === method.toUpperCase();
        if (!matches) continue;
        each.matched += 1;
        const due = struck === undefined && each.left > 0 && each.matched >= (fault.nth ?? 1);
        if (due && (fault.probability === undefined || (fault.random ?? defaultRandom)() < fault.probability)) {
          each.left -= 1;
          struck = fault;
        }
      }
      armed = armed.filter((each) => each.left > 0);
      return struck;
    },
  };
}

const cutsRealAnswer = new Set<FaultKind>(['committed_503', 'slow_body', 'empty_200', 'truncated']);

/** Does the request take effect all the same? */
export function commits(fault: Fault): boolean {
  return fault.afterCommit ?? cutsRealAnswer.has(fault.kind);
}

/** The fault as an answer of the API; undefined for the kinds that are no such answer. */
export function faultError(
  fault: Fault,
  route: string,
  committed: Record<string, unknown> | undefined,
): ApiError | undefined {
  switch (fault.kind) {
    case 'conflict_409':
      return conflict();
    case 'rate_limited_429':
      return rateLimited(fault.reason ?? 'public_api_request_rate_limit', fault.retryAfterSeconds ?? 1);
    case 'error_500':
      return new ApiError(500, 'internal_server_error', 'Unexpected error occurred.');
    case 'unavailable_503':
      return new ApiError(
        503,
        'service_unavailable',
        'Notion is unavailable, please try again later.',
        route === 'dataSources.query' ? queryFacts : undefined,
      );
    case 'committed_503':
      return new ApiError(
        503,
        'service_unavailable',
        'The change was saved, but the response could not be built in time. Read the object again instead of repeating the write.',
        committedFacts(route, committed),
      );
    case 'gateway_timeout_504':
      return new ApiError(504, 'gateway_timeout', 'Gateway Timeout');
    case 'overload_529': {
      const seconds = String(fault.retryAfterSeconds ?? 1);
      return new ApiError(
        529,
        'service_overload',
        'Notion is overloaded, please try again later.',
        { retry_after: seconds },
        { 'retry-after': seconds },
      );
    }
    case 'bad_gateway_502_html':
    case 'reset':
    case 'slow_body':
    case 'hang':
    case 'html_200':
    case 'empty_200':
    case 'truncated':
      return undefined;
  }
}

const queryFacts = {
  endpoint_name: 'public_queryDataSource',
  notion_error_name: 'ServiceUnavailable',
  retry_guidance: ['Retry with exponential backoff.', 'Reduce page_size.', 'Use a narrower filter.'],
};

function committedFacts(route: string, answer: Record<string, unknown> = {}): Record<string, unknown> {
  const children: unknown[] = Array.isArray(answer['results']) ? answer['results'] : [];
  const ids = children.flatMap((child) =>
    typeof child === 'object' && child !== null && 'id' in child ? [child.id] : [],
  );
  return {
    from: 'response',
    elapsed_ms: 60_000,
    deadline_ms: 60_000,
    retry_guidance: ['Read the object again to confirm the saved change.', 'Do not repeat the write.'],
    ...(route.endsWith('.create') && { committed_resource_id: answer['id'] }),
    ...(route === 'blocks.children.append' && { committed_child_ids: ids }),
  };
}

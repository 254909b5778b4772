import { z } from 'zod';
import { type Answer, type Call, filterProperties, listOf, pageFields, pathId, staleCursor } from './call.ts';
import { check } from './check.ts';
import { compileFilter } from './filter.ts';
import type { DataSource, Property } from './model.ts';
import { showPage } from './pages.ts';
import { plainCell, requireProperty, type Row } from './property-cells.ts';
import type { Workspace } from './workspace.ts';

const direction = z.enum(['ascending', 'descending']);
const sortsInput = z
  .array(
    z.union([
      z.strictObject({ property: z.string(), direction }),
      z.strictObject({ timestamp: z.enum(['created_time', 'last_edited_time']), direction }),
    ]),
  )
  .max(100);

// `in_trash` is not taken, although the client's types list it (Notion's query reference, 2026-09).
const queryBody = z.strictObject({
  ...pageFields,
  filter: z.unknown().optional(),
  sorts: sortsInput.default([]),
  result_type: z.enum(['page', 'data_source']).optional(),
});

/** POST /v1/data_sources/{id}/query */
export function queryDataSource(call: Call): Answer {
  const { workspace } = call;
  const source = workspace.dataSource(pathId(call, 'data_source_id'));
  const body = check(queryBody, call.body);
  const columns = filterProperties(call);
  const matches = body.filter === undefined ? () => true : compileFilter(body.filter, source);
  const order = compileSorts(body.sorts, source);
  const asked = body.result_type !== 'data_source';
  const found = (asked ? currentRows(source, workspace) : []).filter((row) => !row.version.inTrash && matches(row));
  found.sort(order);

  const { queryCap } = workspace.settings();
  const reachable = Math.min(found.length, queryCap);
  const from = body.start_cursor ? position(found, body.start_cursor, order, workspace) : 0;
  const to = Math.min(from + body.page_size, reachable);
  const next = to < reachable ? found[to]?.page.id : undefined;
  const capped = next === undefined && found.length > queryCap;
  return {
    ...listOf(
      found.slice(from, to).map((row) => showPage(row, call, columns)),
      next,
    ),
    ...(capped && { request_status: { type: 'incomplete', incomplete_reason: 'query_result_limit_reached' } }),
  };
}

/** The rows as they are, or were when the answer is stale. */
function currentRows(source: DataSource, workspace: Workspace): Row[] {
  const { staleQueryMs } = workspace.settings();
  if (staleQueryMs <= 0) return source.pages.map((page) => ({ page, version: page.current }));
  const at = workspace.monotonic() - staleQueryMs;
  return source.pages.flatMap((page) => {
    const version = workspace.versionAt(page, at);
    return version ? [{ page, version }] : [];
  });
}

/** Where the page at the cursor begins. Its first row may have left the filter, but keeps its place in the order. */
function position(found: Row[], cursor: string, order: Order, workspace: Workspace): number {
  const exact = found.findIndex((row) => row.page.id === cursor);
  if (exact >= 0) return exact;
  const page = workspace.pages.get(cursor);
  if (page === undefined) throw staleCursor(cursor);
  const first = found.findIndex((row) => order(row, { page, version: page.current }) > 0);
  return first < 0 ? found.length : first;
}

type Order = (left: Row, right: Row) => number;

/** The order of a query's rows; without sorts the newest comes first, which nobody promised. */
function compileSorts(sorts: z.infer<typeof sortsInput>, source: DataSource): Order {
  const orders = sorts.map((sort): Order => {
    const sign = sort.direction === 'ascending' ? 1 : -1;
    if ('timestamp' in sort) {
      const keyOf = ({ page, version }: Row) => (sort.timestamp === 'created_time' ? page.createdAt : version.editedAt);
      return (left, right) => sign * (keyOf(left) - keyOf(right));
    }
    const property = requireProperty(source.properties, sort.property, 'sort property');
    return (left, right) => compare(sortKey(left, property), sortKey(right, property), sign);
  });
  if (orders.length === 0) return (left, right) => right.page.order - left.page.order;
  return (left, right) => {
    for (const order of orders) {
      const difference = order(left, right);
      if (difference !== 0) return difference;
    }
    return left.page.order - right.page.order;
  };
}

function sortKey(row: Row, property: Property): string | number | null {
  const { type, options } = property;
  const content = plainCell(row, property);
  if (type === 'files') return Array.isArray(content) ? content.length : 0;
  if (Array.isArray(content)) return content.join() || null;
  if (typeof content !== 'string') return typeof content === 'boolean' ? Number(content) : content;
  if (type === 'select' || type === 'status') return options.findIndex(({ name }) => name === content);
  return type === 'date' ? Date.parse(content) : content || null;
}

/** Empty cells come last in either direction. */
function compare(left: string | number | null, right: string | number | null, sign: number): number {
  if (left === right) return 0;
  if (left === null) return 1;
  if (right === null) return -1;
  return left < right ? -sign : sign;
}

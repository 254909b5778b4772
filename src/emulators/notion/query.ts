import { z } from 'zod';
import { type Answer, type Call, filterProperties, listOf, pageFields, pathId, staleCursor } from './call.ts';
import { check } from './check.ts';
import { compileFilter } from './filter.ts';
import type { DataSource } from './model.ts';
import { showPage } from './page-output.ts';
import type { Row } from './row.ts';
import { compileSorts, type Order, sortsInput } from './sort.ts';
import type { Workspace } from './workspace.ts';

// `in_trash` is not taken, although the client's types list it (Notion's query reference, 2026-09).
const queryBody = z.strictObject({
  ...pageFields,
  filter: z.unknown().optional(),
  sorts: sortsInput.default([]),
  result_type: z.enum(['page', 'data_source']).optional(),
  is_archived: z.boolean().default(false),
});

/** POST /v1/data_sources/{id}/query */
export function queryDataSource(call: Call, workspace: Workspace): Answer {
  const source = workspace.dataSource(pathId(call, 'data_source_id'));
  const body = check(queryBody, call.body);
  const columns = filterProperties(call);
  const matches = body.filter === undefined ? () => true : compileFilter(body.filter, source, workspace.now());
  const order = compileSorts(body.sorts, source);
  const asked = body.result_type !== 'data_source';
  const found = (asked ? currentRows(source, workspace) : []).filter(
    (row) => !row.version.inTrash && row.version.isArchived === body.is_archived && matches(row),
  );
  found.sort(order);

  const { queryCap } = workspace.settings();
  const reachable = Math.min(found.length, queryCap);
  const from = body.start_cursor ? position(found, body.start_cursor, order, workspace) : 0;
  const to = Math.min(from + body.page_size, reachable);
  const next = to < reachable ? (found[to]?.page.id ?? null) : null;
  const capped = next === null && found.length > queryCap;
  return {
    ...listOf(
      'page_or_data_source',
      found.slice(from, to).map((row) => showPage(row.page, row.version, call.version, workspace, columns)),
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

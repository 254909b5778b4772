import { z } from 'zod';
import { type Answer, type Call, listOf, pageFields, staleCursor } from './call.ts';
import { check } from './check.ts';
import { columnsOf, showPage } from './pages.ts';
import { plainCell } from './property-cells.ts';

/** GET /v1/users/me */
export function retrieveMe({ workspace }: Call): Answer {
  const { connectionName, maxUploadBytes } = workspace.settings();
  return {
    object: 'user',
    id: workspace.botId,
    name: connectionName,
    avatar_url: null,
    type: 'bot',
    bot: {
      owner: { type: 'workspace', workspace: true },
      workspace_id: workspace.workspaceId,
      workspace_name: 'Embedded workspace',
      workspace_limits: { max_file_upload_size_in_bytes: maxUploadBytes },
    },
  };
}

// Tables are not searched.
const searchBody = z.strictObject({
  ...pageFields,
  query: z.string().default(''),
  filter: z.strictObject({ property: z.literal('object'), value: z.literal('page') }),
  sort: z
    .strictObject({ timestamp: z.literal('last_edited_time'), direction: z.enum(['ascending', 'descending']) })
    .optional(),
});

/** POST /v1/search: pages whose title holds the words. */
export function search(call: Call): Answer {
  const { query, sort, start_cursor: cursor, page_size: size } = check(searchBody, call.body);
  const words = query.toLowerCase();
  const { shared } = call.workspace.settings();
  const hits = [...call.workspace.pages.values()]
    .map((page) => ({ page, version: page.current }))
    .filter((row) => {
      const title = columnsOf(row.page).find(({ type }) => type === 'title');
      const name = String(title ? plainCell(row, title) : '');
      return shared && !row.version.inTrash && name.toLowerCase().includes(words);
    });
  const sign = sort?.direction === 'ascending' ? 1 : -1;
  hits.sort((left, right) => sign * (left.version.editedAt - right.version.editedAt));
  const from = cursor ? hits.findIndex(({ page }) => page.id === cursor) : 0;
  if (from < 0) throw staleCursor(cursor);
  const results = hits.slice(from, from + size).map((row) => showPage(row, call));
  return listOf(results, hits[from + size]?.page.id);
}

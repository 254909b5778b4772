import { z } from 'zod';
import { type Answer, type Call, listOf, pageFields, paginate } from './call.ts';
import { check } from './check.ts';
import { showDataSource } from './data-sources.ts';
import type { DataSource, Page } from './model.ts';
import { columnsOf, showPage } from './page-output.ts';
import { valueOf } from './property-cells.ts';
import { plainText } from './rich-text.ts';
import { textIn } from './row.ts';
import type { Workspace } from './workspace.ts';

const searchBody = z.strictObject({
  ...pageFields,
  query: z.string().default(''),
  filter: z
    .strictObject({
      property: z.literal('object').optional(),
      value: z.enum(['page', 'data_source']).optional(),
      in_trash: z.boolean().optional(),
    })
    .optional(),
  sort: z
    .union([
      z.strictObject({ timestamp: z.literal('last_edited_time'), direction: z.enum(['ascending', 'descending']) }),
      z.strictObject({ property: z.literal('relevance') }),
    ])
    .optional(),
});

interface Hit {
  id: string;
  title: string;
  editedAt: number;
  inTrash: boolean;
  show(): Answer;
}

/** POST /v1/search: pages and tables whose title holds the words. */
export function search(call: Call, workspace: Workspace): Answer {
  const body = check(searchBody, call.body);
  const kind = body.filter?.value;
  const words = body.query.toLowerCase();
  const sources =
    kind === 'page' ? [] : [...workspace.dataSources.values()].map((source) => ofSource(source, call, workspace));
  const pages =
    kind === 'data_source' ? [] : [...workspace.pages.values()].map((page) => ofPage(page, call, workspace));
  const hits = (workspace.settings().shared ? [...sources, ...pages] : []).filter(
    (hit) => hit.inTrash === (body.filter?.in_trash ?? false) && hit.title.toLowerCase().includes(words),
  );
  const sign = body.sort && 'direction' in body.sort && body.sort.direction === 'ascending' ? 1 : -1;
  hits.sort((left, right) => sign * (left.editedAt - right.editedAt));
  const { page: shown, next } = paginate(hits, body);
  return listOf(
    'page_or_data_source',
    shown.map((hit) => hit.show()),
    next,
  );
}

function ofSource(source: DataSource, call: Call, workspace: Workspace): Hit {
  return {
    id: source.id,
    title: plainText(source.name),
    editedAt: source.editedAt,
    inTrash: source.inTrash || source.database.inTrash,
    show: () => showDataSource(source, call.version, workspace),
  };
}

function ofPage(page: Page, call: Call, workspace: Workspace): Hit {
  const title = columnsOf(page).find((property) => property.type === 'title');
  return {
    id: page.id,
    title: title ? textIn(valueOf(page.current, title)) : '',
    editedAt: page.current.editedAt,
    inTrash: page.current.inTrash,
    show: () => showPage(page, page.current, call.version, workspace),
  };
}

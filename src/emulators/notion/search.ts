import { z } from 'zod';
import { type Answer, type Call, listPage, pageFields } from './call.ts';
import { check } from './check.ts';
import { showDataSource } from './data-sources.ts';
import type { DataSource, Page } from './model.ts';
import { columnsOf, showPage } from './pages.ts';
import { plainCell } from './property-cells.ts';
import { plainText } from './rich-text.ts';

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
export function search(call: Call): Answer {
  const { dataSources, pages } = call.workspace;
  const { shared } = call.workspace.settings();
  const { filter, query, sort, ...paging } = check(searchBody, call.body);
  const words = query.toLowerCase();
  const hits = [
    ...(filter?.value === 'page' ? [] : [...dataSources.values()].map((source) => ofSource(source, call))),
    ...(filter?.value === 'data_source' ? [] : [...pages.values()].map((page) => ofPage(page, call))),
  ].filter((hit) => shared && hit.inTrash === (filter?.in_trash ?? false) && hit.title.toLowerCase().includes(words));
  const sign = sort && 'direction' in sort && sort.direction === 'ascending' ? 1 : -1;
  hits.sort((left, right) => sign * (left.editedAt - right.editedAt));
  return listPage('page_or_data_source', hits, paging, (hit) => hit.show());
}

function ofSource(source: DataSource, call: Call): Hit {
  return {
    id: source.id,
    title: plainText(source.name),
    editedAt: source.editedAt,
    inTrash: source.inTrash || source.database.inTrash,
    show: () => showDataSource(source, call),
  };
}

function ofPage(page: Page, call: Call): Hit {
  const row = { page, version: page.current };
  const title = columnsOf(page).find((property) => property.type === 'title');
  return {
    id: page.id,
    title: String(title ? plainCell(row, title) : ''),
    editedAt: page.current.editedAt,
    inTrash: page.current.inTrash,
    show: () => showPage(row, call),
  };
}

import { z } from 'zod';
import { accept, type Answer, type Call, filterProperties, pathId } from './call.ts';
import { check, id } from './check.ts';
import { showStamps } from './dates.ts';
import { invalid } from './errors.ts';
import { notionUrl } from './ids.ts';
import type { Page, PageVersion, Property } from './model.ts';
import { propertiesInput, readProperties, requireProperty, type Row, showCell } from './property-cells.ts';

/** The only column of a page that is no row. */
const plainPageColumns: Property[] = [
  { id: 'title', name: 'title', description: null, type: 'title', options: [], groups: [], format: '' },
];

export function columnsOf(page: Page): Property[] {
  return page.dataSource?.properties ?? plainPageColumns;
}

/** A page as the API shows it, with the columns named or all. */
export function showPage(row: Row, call: Call, columns?: readonly string[]): Answer {
  const { page, version } = row;
  const { workspace } = call;
  const source = page.dataSource;
  const properties = columnsOf(page);
  const shown = columns ? columns.map((name) => requireProperty(properties, name)) : properties;
  return {
    object: 'page',
    id: page.id,
    ...showStamps({ ...page, ...version }),
    in_trash: version.inTrash,
    is_archived: false,
    is_locked: false,
    parent: source
      ? { type: 'data_source_id', data_source_id: source.id, database_id: source.database.id }
      : { type: 'workspace', workspace: true },
    properties: Object.fromEntries(shown.map((property) => [property.name, showCell(row, property, workspace)])),
    icon: null,
    cover: null,
    url: notionUrl(page.id),
    public_url: null,
  };
}

const properties = propertiesInput.default({});
const createBody = z.strictObject({
  parent: z.strictObject({ type: z.literal('data_source_id').optional(), data_source_id: id }),
  properties,
});

/** POST /v1/pages: a row. */
export function createPage(call: Call): Answer {
  const { workspace } = call;
  const body = check(createBody, call.body);
  const columns = filterProperties(call);
  const dataSource = workspace.dataSource(body.parent.data_source_id);
  const values = readProperties(body.properties, dataSource.properties, call);
  accept(call);
  const page = workspace.addPage(dataSource, values, workspace.botId);
  return showPage({ page, version: page.current }, call, columns);
}

/** GET /v1/pages/{id} */
export function retrievePage(call: Call): Answer {
  const page = call.workspace.page(pathId(call, 'page_id'));
  return showPage({ page, version: page.current }, call, filterProperties(call));
}

const updateBody = z.strictObject({ properties, in_trash: z.boolean().optional() });

/** PATCH /v1/pages/{id} */
export function updatePage(call: Call): Answer {
  const { workspace } = call;
  const page = workspace.page(pathId(call, 'page_id'));
  const { in_trash: inTrash, ...body } = check(updateBody, call.body);
  const columns = filterProperties(call);
  if (page.current.inTrash && inTrash === undefined) {
    throw invalid("Can't edit block that is archived. You must unarchive the block before editing.");
  }
  const values = readProperties(body.properties, columnsOf(page), call);
  const changes: Partial<PageVersion> = {
    ...(inTrash !== undefined && { inTrash }),
    ...(values.size > 0 && { values: new Map([...page.current.values, ...values]) }),
  };
  accept(call);
  page.writes += 1;
  workspace.revise(page, changes, workspace.botId);
  return showPage({ page, version: page.current }, call, columns);
}

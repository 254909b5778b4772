import { type Answer, type Call, trashFlags } from './call.ts';
import { minuteStamp } from './dates.ts';
import { showFile, showIcon } from './file-references.ts';
import { notionUrl } from './ids.ts';
import type { Page, Property } from './model.ts';
import { requireProperty, type Row, showCell } from './property-cells.ts';
import { partialUser } from './property-kinds.ts';

/** The only column of a page that is no row. */
export const plainPageColumns: Property[] = [
  { id: 'title', name: 'title', description: null, type: 'title', options: [], groups: [], format: '', prefix: null },
];

export function columnsOf(page: Page): Property[] {
  return page.dataSource?.properties ?? plainPageColumns;
}

/** A page as the API shows it, with the columns named or all. */
export function showPage(row: Row, call: Call, columns?: readonly string[]): Answer {
  const { page, version } = row;
  const { workspace } = call;
  const properties = columnsOf(page);
  const shown = columns ? columns.map((name) => requireProperty(properties, name)) : properties;
  return {
    object: 'page',
    id: page.id,
    created_time: minuteStamp(page.createdAt),
    last_edited_time: minuteStamp(version.editedAt),
    created_by: partialUser(page.createdBy),
    last_edited_by: partialUser(version.editedBy),
    ...trashFlags(call, version.inTrash),
    is_archived: version.isArchived,
    is_locked: version.isLocked,
    parent: parentOf(page),
    properties: Object.fromEntries(shown.map((property) => [property.name, showCell(row, property, workspace)])),
    icon: showIcon(version.icon, workspace),
    cover: version.cover && showFile(version.cover, workspace),
    url: notionUrl(page.id),
    public_url: null,
  };
}

function parentOf(page: Page): Answer {
  if (page.dataSource) {
    return { type: 'data_source_id', data_source_id: page.dataSource.id, database_id: page.dataSource.database.id };
  }
  return page.parentPageId === undefined
    ? { type: 'workspace', workspace: true }
    : { type: 'page_id', page_id: page.parentPageId };
}

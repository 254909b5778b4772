import { type Answer, trashFlags, type Version } from './call.ts';
import { minuteStamp } from './dates.ts';
import { invalid } from './errors.ts';
import { showIcon, showMedia } from './file-references.ts';
import type { Page, PageVersion, Property } from './model.ts';
import { partialUser, showValue } from './property-output.ts';
import { findProperty } from './property-cells.ts';
import type { Workspace } from './workspace.ts';

/** The only column of a page that is no row. */
export const plainPageColumns: Property[] = [
  { id: 'title', name: 'title', description: null, type: 'title', options: [], groups: [], format: '', prefix: null },
];

export function columnsOf(page: Page): Property[] {
  return page.dataSource?.properties ?? plainPageColumns;
}

/** A page as the API shows it, with the columns named or all. */
export function showPage(
  page: Page,
  version: PageVersion,
  apiVersion: Version,
  workspace: Workspace,
  columns?: readonly string[],
): Answer {
  const properties = columnsOf(page);
  const shown = columns ? new Set(columns.map((name) => column(properties, name))) : properties;
  const cells: Answer = {};
  for (const property of shown) cells[property.name] = showValue(page, version, property, workspace);
  return {
    object: 'page',
    id: page.id,
    created_time: minuteStamp(page.createdAt),
    last_edited_time: minuteStamp(version.editedAt),
    created_by: partialUser(page.createdBy),
    last_edited_by: partialUser(version.editedBy),
    ...trashFlags(apiVersion, version.inTrash),
    is_archived: version.isArchived,
    is_locked: version.isLocked,
    parent: parentOf(page),
    properties: cells,
    icon: showIcon(version.icon, workspace),
    cover: version.cover && showMedia(version.cover, workspace),
    url: `https://www.notion.so/${page.id.replaceAll('-', '')}`,
    public_url: null,
  };
}

function column(properties: readonly Property[], name: string): Property {
  const found = findProperty(properties, name);
  if (found === undefined) throw invalid(`Could not find property with name or id: ${name}`);
  return found;
}

function parentOf(page: Page): Answer {
  if (page.dataSource) {
    return { type: 'data_source_id', data_source_id: page.dataSource.id, database_id: page.dataSource.database.id };
  }
  return page.parentPageId === undefined
    ? { type: 'workspace', workspace: true }
    : { type: 'page_id', page_id: page.parentPageId };
}

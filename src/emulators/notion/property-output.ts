import { minuteStamp } from './dates.ts';
import type { Page, PageVersion, Property, StoredFile } from './model.ts';
import { optionOf, valueOf } from './property-cells.ts';
import { showMedia } from './file-references.ts';
import type { Workspace } from './workspace.ts';

/** A cell as the API shows it: `{ id, type, <type>: … }`. */
export function showValue(
  page: Page,
  version: PageVersion,
  property: Property,
  workspace: Workspace,
): Record<string, unknown> {
  const { id, type } = property;
  return { id, type, [type]: content(page, version, property, workspace) };
}

function content(page: Page, version: PageVersion, property: Property, workspace: Workspace): unknown {
  if (property.type === 'created_time') return minuteStamp(page.createdAt);
  if (property.type === 'last_edited_time') return minuteStamp(version.editedAt);
  if (property.type === 'created_by') return partialUser(page.createdBy);
  if (property.type === 'last_edited_by') return partialUser(version.editedBy);
  if (property.type !== 'unique_id') return stored(version, property, workspace);
  const value = version.values.get(property.id);
  return { prefix: property.prefix, number: value?.type === 'unique_id' ? value.number : null };
}

function stored(version: PageVersion, property: Property, workspace: Workspace): unknown {
  const value = valueOf(version, property);
  switch (value.type) {
    case 'title':
    case 'rich_text':
      return value.items;
    case 'number':
      return value.number;
    case 'url':
    case 'email':
    case 'phone_number':
      return value.text;
    case 'checkbox':
      return value.checked;
    case 'date':
      return value.date;
    case 'select':
    case 'status':
      return showOption(property, value.optionId);
    case 'multi_select':
      return value.optionIds.map((id) => showOption(property, id)).filter((option) => option !== null);
    case 'files':
      return value.files.map((file) => showFile(file, workspace));
    case 'people':
      return value.ids.map(partialUser);
    case 'unique_id':
    case 'computed':
      return null;
  }
}

function showOption(property: Property, optionId: string | null): Record<string, unknown> | null {
  const option = optionOf(property, optionId);
  return option ? { id: option.id, name: option.name, color: option.color } : null;
}

function showFile(file: StoredFile, workspace: Workspace): Record<string, unknown> {
  return { name: file.name, ...showMedia(file, workspace) };
}

export function partialUser(id: string): { object: 'user'; id: string } {
  return { object: 'user', id };
}

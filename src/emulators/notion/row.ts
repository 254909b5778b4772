import type { Page, PageVersion, Property, PropertyValue } from './model.ts';
import { optionOf, valueOf } from './property-cells.ts';
import { plainText } from './rich-text.ts';

/** A row as a query sees it. */
export interface Row {
  page: Page;
  version: PageVersion;
}

export function textIn(value: PropertyValue): string {
  if ('items' in value) return plainText(value.items);
  return 'text' in value ? (value.text ?? '') : '';
}

export function numberIn(value: PropertyValue | undefined): number | null {
  return value && 'number' in value ? value.number : null;
}

export function checkedIn(value: PropertyValue): boolean {
  return value.type === 'checkbox' && value.checked;
}

export function fileCount(value: PropertyValue): number {
  return value.type === 'files' ? value.files.length : 0;
}

/** The name of the option chosen. */
export function choiceName(property: Property, value: PropertyValue): string | null {
  if (!('optionId' in value) || value.optionId === null) return null;
  return optionOf(property, value.optionId)?.name ?? null;
}

/** The names of the options chosen, where there may be several. */
export function choiceNames(property: Property, value: PropertyValue): string[] {
  return 'optionIds' in value ? value.optionIds.flatMap((id) => optionOf(property, id)?.name ?? []) : [];
}

export function peopleIn({ page, version }: Row, property: Property): string[] {
  if (property.type === 'created_by') return [page.createdBy];
  if (property.type === 'last_edited_by') return [version.editedBy];
  const value = valueOf(version, property);
  return value.type === 'people' ? value.ids : [];
}

/** Wall-clock ms; the page's own times are seen by the minute. */
export function timeIn({ page, version }: Row, property: Property): number | null {
  if (property.type === 'created_time') return minuteOf(page.createdAt);
  if (property.type === 'last_edited_time') return minuteOf(version.editedAt);
  const value = valueOf(version, property);
  return value.type === 'date' && value.date ? Date.parse(value.date.start) : null;
}

export function minuteOf(ms: number): number {
  return Math.floor(ms / 60_000) * 60_000;
}

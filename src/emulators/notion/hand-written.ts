import type { Effects } from './attach.ts';
import { check } from './check.ts';
import { dateValue } from './dates.ts';
import type { DataSource, Page, Property, PropertyValue, StoredFile } from './model.ts';
import { propertiesInput, readProperties } from './property-kinds.ts';
import { findProperty, valueOf } from './property-cells.ts';
import { textItems } from './rich-text.ts';
import { choiceName, choiceNames, numberIn, textIn } from './row.ts';
import type { Workspace } from './workspace.ts';

/** A file in a cell, as a person sees it. */
export interface BoardFile {
  name: string;
  /** Of a file that Notion keeps. */
  bytes?: Uint8Array;
  url: string;
}

/** Several names stand in one string, with commas. */
export type PlainValue = string | number | boolean | null | BoardFile[];

/** The cells of a row as a person writes them: plain values, or the API's write shapes. */
export function handWritten(
  values: Record<string, unknown>,
  source: DataSource,
  workspace: Workspace,
): Map<string, PropertyValue> {
  const effects: Effects = [];
  const cells = new Map<string, PropertyValue>();
  for (const [name, value] of Object.entries(values)) {
    const property = findProperty(source.properties, name);
    if (property === undefined) throw new Error(`There is no column "${name}".`);
    const plain = plainCell(property, value, workspace);
    if (plain) {
      cells.set(property.id, plain);
    } else {
      const input = check(propertiesInput, { [name]: apiShape(property, value) });
      for (const [id, cell] of readProperties(input, source.properties, workspace, effects)) cells.set(id, cell);
    }
  }
  for (const effect of effects) effect();
  return cells;
}

/** The cell for what a person can do and the API cannot: long text, an empty status, a file dropped in. */
function plainCell(property: Property, value: unknown, workspace: Workspace): PropertyValue | undefined {
  const { type } = property;
  if ((type === 'title' || type === 'rich_text') && typeof value === 'string') return { type, items: textItems(value) };
  if ((type === 'status' || type === 'select') && value === null) return { type, optionId: null };
  if (type === 'date' && typeof value === 'string') return { type, date: dateValue({ start: value }) };
  if (type === 'files' && Array.isArray(value))
    return { type, files: value.map((file) => droppedFile(file, workspace)) };
  return undefined;
}

function apiShape(property: Property, value: unknown): unknown {
  const { type } = property;
  if ((type === 'status' || type === 'select') && typeof value === 'string') return { [type]: { name: value } };
  if (type === 'multi_select' && Array.isArray(value)) return { [type]: value.map((name: unknown) => ({ name })) };
  const isShape = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isShape ? value : { [type]: value };
}

function droppedFile(file: unknown, workspace: Workspace): StoredFile {
  if (typeof file !== 'object' || file === null || !('name' in file) || typeof file.name !== 'string') {
    throw new Error('A file is { name, bytes } or { name, url }.');
  }
  const { name } = file;
  if ('bytes' in file && file.bytes instanceof Uint8Array) {
    const fileId = workspace.ids.uuid();
    workspace.files.put(fileId, { name, contentType: 'application/octet-stream', bytes: file.bytes });
    return { kind: 'hosted', name, fileId };
  }
  if ('url' in file && typeof file.url === 'string') return { kind: 'external', name, url: file.url };
  throw new Error('A file is { name, bytes } or { name, url }.');
}

/** A cell as a person reads it. */
export function plainValue(page: Page, property: Property, workspace: Workspace): PlainValue {
  const value = valueOf(page.current, property);
  switch (value.type) {
    case 'title':
    case 'rich_text':
      return textIn(value);
    case 'url':
    case 'email':
    case 'phone_number':
      return value.text;
    case 'number':
      return value.number;
    case 'checkbox':
      return value.checked;
    case 'date':
      return value.date?.start ?? null;
    case 'select':
    case 'status':
      return choiceName(property, value);
    case 'multi_select':
      return choiceNames(property, value).join(', ');
    case 'files':
      return value.files.map((file) => boardFile(file, workspace));
    case 'people':
      return value.ids.join(', ');
    case 'unique_id':
    case 'computed':
      return numberIn(page.current.values.get(property.id));
  }
}

function boardFile(file: StoredFile, workspace: Workspace): BoardFile {
  if (file.kind === 'external') return { name: file.name, url: file.url };
  const bytes = workspace.files.bytes(file.fileId);
  return { name: file.name, url: workspace.files.link(file.fileId).url, ...(bytes && { bytes }) };
}

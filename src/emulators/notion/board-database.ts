import { z } from 'zod';
import { accept, type Edit } from './call.ts';
import { check } from './check.ts';
import { addDataSource, changedProperties } from './data-sources.ts';
import { addDatabase } from './databases.ts';
import { dateValue } from './dates.ts';
import { notionUrl } from './ids.ts';
import type { Cell, Database, Page, Property, StoredFile } from './model.ts';
import { filesIn, findProperty, plainCell, propertiesInput, readProperties } from './property-cells.ts';
import type { PlainContent } from './property-kinds.ts';
import { textItems } from './rich-text.ts';
import { createProperties, propertiesChange, propertiesConfig, type PropertySchema } from './schema.ts';
import type { Workspace } from './workspace.ts';

/** A file in a cell, as a person sees it. */
interface BoardFile {
  name: string;
  /** Of a file that Notion keeps. */
  bytes?: Uint8Array;
  url: string;
}

/** A row, read when it was asked for. */
export interface BoardRow {
  id: string;
  /** By column name: text, number, option, day or files; several names stand in one string, with commas. */
  values: Record<string, Exclude<PlainContent, string[]> | BoardFile[]>;
  inTrash: boolean;
  /** PATCHes by the connection. */
  writes: number;
}

/** A database as the people in the workspace use it: nothing here passes through the API. */
export interface BoardDatabase {
  readonly id: string;
  /** Of its first data source, which all rows below are in. */
  readonly dataSourceId: string;
  readonly url: string;
  /** Puts the database in the trash, or locks its columns. */
  change(changes: Partial<Pick<Database, 'inTrash' | 'isLocked'>>): void;
  addDataSource(name: string, properties: Record<string, PropertySchema>): string;
  /** Plain words and numbers for text, number, status, select and date, or the API's write shapes. */
  addRow(values: Record<string, unknown>): string;
  row(id: string): BoardRow;
  /** Oldest first, with those in the trash. */
  rows(): Iterable<BoardRow>;
  edit(id: string, values: Record<string, unknown>): void;
  trash(id: string): void;
  restore(id: string): void;
  /** For good. */
  remove(id: string): void;
  /** Adds a column, or changes it as PATCH /v1/data_sources does. */
  setPropertySchema(name: string, schema: PropertySchema): void;
  renameProperty(name: string, newName: string): void;
  removeProperty(name: string): void;
  removeOption(property: string, option: string): void;
}

export function createBoardDatabase(
  title: string,
  properties: Record<string, PropertySchema>,
  workspace: Workspace,
): BoardDatabase {
  const { personId } = workspace;
  const database = addDatabase(workspace.rootPageId, textItems(title), workspace);
  const addTable = (name: string, schema: Record<string, PropertySchema>) => {
    const columns = createProperties(check(propertiesConfig, schema), workspace.ids);
    return addDataSource(database, textItems(name), columns, personId, workspace);
  };
  const source = addTable(title, properties);

  const rowPage = (id: string): Page => {
    const page = workspace.pages.get(id);
    if (page?.dataSource !== source) throw new Error(`"${title}" has no row ${id}.`);
    return page;
  };
  const column = (name: string) => {
    const property = findProperty(source.properties, name);
    if (property === undefined) throw new Error(`"${title}" has no column "${name}".`);
    return property;
  };
  const alter = (changes: unknown) => {
    source.properties = changedProperties(source.properties, check(propertiesChange, changes), workspace);
    source.editedAt = workspace.now();
    source.editedBy = personId;
  };
  /** Plain values, or the API's write shapes. */
  const writeCells = (values: Record<string, unknown>): Map<string, Cell> => {
    const edit: Edit = { workspace, effects: [] };
    const cells = new Map<string, Cell>();
    for (const [name, value] of Object.entries(values)) {
      const property = column(name);
      const content = typedContent(property, value, workspace);
      const input = content === undefined && check(propertiesInput, { [name]: apiShape(property, value) });
      if (!input) cells.set(property.id, { type: property.type, content });
      else for (const [id, cell] of readProperties(input, source.properties, edit)) cells.set(id, cell);
    }
    accept(edit);
    return cells;
  };
  const readCell = (page: Page, property: Property) => {
    const row = { page, version: page.current };
    const content = plainCell(row, property);
    if (property.type === 'files') return filesIn(row, property).map((file) => boardFile(file, workspace));
    return Array.isArray(content) ? content.join(', ') : content;
  };
  const showRow = (page: Page): BoardRow => ({
    id: page.id,
    values: Object.fromEntries(source.properties.map((property) => [property.name, readCell(page, property)])),
    inTrash: page.current.inTrash,
    writes: page.writes,
  });

  return {
    id: database.id,
    dataSourceId: source.id,
    url: notionUrl(database.id),
    change: (changes) => void Object.assign(database, changes),
    addDataSource: (name, schema) => addTable(name, schema).id,
    addRow: (values) => workspace.addPage(source, writeCells(values), personId).id,
    row: (id) => showRow(rowPage(id)),
    *rows() {
      for (const page of source.pages) yield showRow(page);
    },
    edit(id, values) {
      const page = rowPage(id);
      workspace.revise(page, { values: new Map([...page.current.values, ...writeCells(values)]) }, personId);
    },
    trash: (id) => workspace.revise(rowPage(id), { inTrash: true }, personId),
    restore: (id) => workspace.revise(rowPage(id), { inTrash: false }, personId),
    remove(id) {
      source.pages.splice(source.pages.indexOf(rowPage(id)), 1);
      workspace.pages.delete(id);
    },
    setPropertySchema: (name, schema) => alter({ [name]: schema }),
    renameProperty: (name, newName) => alter({ [column(name).id]: { name: newName } }),
    removeProperty: (name) => alter({ [column(name).id]: null }),
    removeOption(property, option) {
      const { id, type, options } = column(property);
      const kept = options.filter((each) => each.name !== option).map((each) => ({ id: each.id }));
      alter({ [id]: { [type]: { options: kept } } });
    },
  };
}

/** The content of a cell for what a person can do and the API cannot: long text, an empty status, a file dropped in. */
function typedContent({ type }: Property, value: unknown, workspace: Workspace): unknown {
  if ((type === 'title' || type === 'rich_text') && typeof value === 'string') return textItems(value);
  if ((type === 'status' || type === 'select') && value === null) return null;
  if (type === 'date' && typeof value === 'string') return dateValue({ start: value });
  if (type === 'files' && Array.isArray(value)) return value.map((file) => droppedFile(file, workspace));
  return undefined;
}

function apiShape({ type }: Property, value: unknown): unknown {
  if ((type === 'status' || type === 'select') && typeof value === 'string') return { [type]: { name: value } };
  if (type === 'multi_select' && Array.isArray(value)) return { [type]: value.map((name: unknown) => ({ name })) };
  const isShape = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isShape ? value : { [type]: value };
}

const fileGiven = z.union([
  z.object({ name: z.string(), bytes: z.instanceof(Uint8Array) }),
  z.object({ name: z.string(), url: z.string() }),
]);

function droppedFile(given: unknown, { ids, files }: Workspace): StoredFile {
  const { data: file } = fileGiven.safeParse(given);
  if (!file) throw new Error('A file is { name, bytes } or { name, url }.');
  const { name } = file;
  if ('url' in file) return { kind: 'external', name, url: file.url };
  const fileId = ids.uuid();
  files.put(fileId, { name, contentType: 'application/octet-stream', bytes: file.bytes });
  return { kind: 'hosted', name, fileId };
}

function boardFile(file: StoredFile, { files }: Workspace): BoardFile {
  if (file.kind === 'external') return { name: file.name, url: file.url };
  const bytes = files.bytes(file.fileId);
  return { name: file.name, url: files.link(file.fileId).url, ...(bytes && { bytes }) };
}

import { check } from './check.ts';
import { addDataSource, changedProperties } from './data-sources.ts';
import { addDatabase, databaseUrl } from './databases.ts';
import { handWritten, plainValue, type PlainValue } from './hand-written.ts';
import type { Database, Page } from './model.ts';
import { findProperty } from './property-cells.ts';
import { textItems } from './rich-text.ts';
import { createProperties, propertiesChange, propertiesConfig, type PropertySchema } from './schema.ts';
import type { Workspace } from './workspace.ts';

/** A row, read when it was asked for. */
export interface BoardRow {
  id: string;
  /** By column name: text, number, option, day or files. */
  values: Record<string, PlainValue>;
  inTrash: boolean;
  /** Wall-clock ms, not rounded. */
  lastEditedTime: number;
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
  mark(marks: Partial<Pick<Database, 'inTrash' | 'isLocked'>>): void;
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
  const showRow = (page: Page): BoardRow => ({
    id: page.id,
    values: Object.fromEntries(
      source.properties.map((property) => [property.name, plainValue(page, property, workspace)]),
    ),
    inTrash: page.current.inTrash,
    lastEditedTime: page.current.editedAt,
    writes: page.writes,
  });

  return {
    id: database.id,
    dataSourceId: source.id,
    url: databaseUrl(database),
    mark: (marks) => void Object.assign(database, marks),
    addDataSource: (name, schema) => addTable(name, schema).id,
    addRow: (values) => workspace.addPage({ dataSource: source }, handWritten(values, source, workspace), personId).id,
    row: (id) => showRow(rowPage(id)),
    *rows() {
      for (const page of source.pages) yield showRow(page);
    },
    edit(id, values) {
      const page = rowPage(id);
      const cells = handWritten(values, source, workspace);
      workspace.revise(page, { values: new Map([...page.current.values, ...cells]) }, personId);
    },
    trash: (id) => workspace.revise(rowPage(id), { inTrash: true }, personId),
    restore: (id) => workspace.revise(rowPage(id), { inTrash: false }, personId),
    remove(id) {
      const page = rowPage(id);
      workspace.pages.delete(id);
      source.pages.splice(source.pages.indexOf(page), 1);
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

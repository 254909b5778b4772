import { z } from 'zod';
import type { Edit } from './call.ts';
import { exactlyOne } from './check.ts';
import { invalid } from './errors.ts';
import { type Cell, type Page, type PageVersion, type Property, propertyTypes, type StoredFile } from './model.ts';
import { type PlainContent, propertyKinds } from './property-kinds.ts';
import type { Workspace } from './workspace.ts';

/** A page as it is, or was at some time. */
export interface Row {
  page: Page;
  version: PageVersion;
}

const writable = propertyTypes.filter((type) => propertyKinds[type].input);

const propertyInput = z
  .strictObject({
    type: z.enum(writable).optional(),
    ...Object.fromEntries(writable.map((type) => [type, propertyKinds[type].input?.optional() ?? z.never()])),
  })
  .superRefine((value, context) => exactlyOne(value.type === undefined ? writable : [value.type])(value, context))
  .superRefine(exactlyOne(writable));

/** The cells of a page as a write gives them, by name or id. */
export const propertiesInput = z.record(z.string(), propertyInput);

/** Checks the cells against the table's columns. Nothing is changed until the edit is accepted. */
export function readProperties(
  input: z.infer<typeof propertiesInput>,
  properties: readonly Property[],
  edit: Edit,
): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const [key, given] of Object.entries(input)) {
    const property = findProperty(properties, key);
    if (property === undefined) throw invalid(`${key} is not a property that exists.`);
    const { id, type } = property;
    const value: unknown = Object.getOwnPropertyDescriptor(given, type)?.value;
    const content = value === undefined ? undefined : propertyKinds[type].read?.(value, property, edit);
    if (content === undefined) throw invalid(`${key} is expected to be ${type}.`);
    cells.set(id, { type, content });
  }
  return cells;
}

/** What the row holds in that column; a deleted option or a changed type leaves the column empty. */
function contentOf({ version }: Row, property: Property): unknown {
  const { id, type, options } = property;
  const cell = version.values.get(id);
  const isChoice = type === 'status' || type === 'select';
  const isDeleted = isChoice && cell?.content !== null && options.every((option) => option.id !== cell?.content);
  return cell === undefined || cell.type !== type || isDeleted ? propertyKinds[type].empty(property) : cell.content;
}

/** A cell as the API shows it: `{ id, type, <type>: … }`. */
export function showCell(row: Row, property: Property, workspace: Workspace): Record<string, unknown> {
  const { id, type } = property;
  return { id, type, [type]: propertyKinds[type].show(contentOf(row, property), property, workspace) };
}

/** A cell as filters, sorts and people read it. */
export function plainCell(row: Row, property: Property): PlainContent {
  return propertyKinds[property.type].plain(contentOf(row, property), property);
}

/** The files of a Files & media cell. */
export function filesIn({ version }: Row, { id, type }: Property): readonly StoredFile[] {
  const cell = version.values.get(id);
  return cell?.type === type && Array.isArray(cell.content) ? cell.content : [];
}

/** By name, or by id in either of its two forms. */
export function findProperty(properties: readonly Property[], nameOrId: string): Property | undefined {
  return (
    properties.find((property) => property.name === nameOrId) ??
    properties.find((property) => property.id === nameOrId || decodeURIComponent(property.id) === nameOrId)
  );
}

/** The same for a column that has to be there. */
export function requireProperty(properties: readonly Property[], nameOrId: string, what = 'property'): Property {
  const found = findProperty(properties, nameOrId);
  if (found === undefined) throw invalid(`Could not find ${what} with name or id: ${nameOrId}`);
  return found;
}

import { z } from 'zod';
import { invalid } from './errors.ts';
import type { DataSource, Property } from './model.ts';
import { findProperty, valueOf } from './property-cells.ts';
import { checkedIn, choiceNames, fileCount, numberIn, peopleIn, type Row, textIn, timeIn } from './row.ts';

const direction = z.enum(['ascending', 'descending']);

export const sortsInput = z
  .array(
    z.union([
      z.strictObject({ property: z.string(), direction }),
      z.strictObject({ timestamp: z.enum(['created_time', 'last_edited_time']), direction }),
    ]),
  )
  .max(100);

export type Order = (left: Row, right: Row) => number;
type Key = (row: Row) => string | number | null;

/** The order of a query's rows; without sorts the newest comes first, which nobody promised. */
export function compileSorts(sorts: z.infer<typeof sortsInput>, source: DataSource): Order {
  const orders = sorts.map((sort) =>
    orderBy('timestamp' in sort ? timestampKey(sort.timestamp) : propertyKey(sort.property, source), sort.direction),
  );
  if (orders.length === 0) return (left, right) => right.page.order - left.page.order;
  return (left, right) => {
    for (const order of orders) {
      const difference = order(left, right);
      if (difference !== 0) return difference;
    }
    return left.page.order - right.page.order;
  };
}

function timestampKey(timestamp: 'created_time' | 'last_edited_time'): Key {
  return timestamp === 'created_time' ? ({ page }) => page.createdAt : ({ version }) => version.editedAt;
}

function propertyKey(nameOrId: string, source: DataSource): Key {
  const property = findProperty(source.properties, nameOrId);
  if (property === undefined) throw invalid(`Could not find sort property with name or id: ${nameOrId}`);
  return (row) => keyOf(row, property);
}

function keyOf(row: Row, property: Property): string | number | null {
  const value = valueOf(row.version, property);
  switch (property.type) {
    case 'number':
    case 'unique_id':
      return numberIn(row.version.values.get(property.id));
    case 'checkbox':
      return Number(checkedIn(value));
    case 'files':
      return fileCount(value);
    case 'select':
    case 'status': {
      const index = property.options.findIndex((option) => 'optionId' in value && option.id === value.optionId);
      return index < 0 ? null : index;
    }
    case 'multi_select':
      return choiceNames(property, value).join() || null;
    case 'people':
    case 'created_by':
    case 'last_edited_by':
      return peopleIn(row, property)[0] ?? null;
    case 'date':
      return timeIn(row, property);
    case 'created_time':
      return row.page.createdAt;
    case 'last_edited_time':
      return row.version.editedAt;
    case 'title':
    case 'rich_text':
    case 'url':
    case 'email':
    case 'phone_number':
      return textIn(value) || null;
  }
}

/** Empty cells come last in either direction. */
function orderBy(key: Key, direction: 'ascending' | 'descending'): Order {
  const sign = direction === 'ascending' ? 1 : -1;
  return (left, right) => {
    const a = key(left);
    const b = key(right);
    if (a === b) return 0;
    if (a === null) return 1;
    if (b === null) return -1;
    return a < b ? -sign : sign;
  };
}

import { z } from 'zod';
import { check, refused } from './check.ts';
import { readCondition } from './conditions.ts';
import { invalid } from './errors.ts';
import type { DataSource, Property } from './model.ts';
import { plainCell, requireProperty, type Row } from './property-cells.ts';

export type RowTest = (row: Row) => boolean;

const node = z.looseObject({
  and: z.array(z.unknown()).max(100).optional(),
  or: z.array(z.unknown()).max(100).optional(),
  property: z.string().optional(),
  timestamp: z.enum(['created_time', 'last_edited_time']).optional(),
  type: z.string().optional(),
});

/** Turns a query's filter into a test of rows. */
export function compileFilter(filter: unknown, source: DataSource, now: number, place = 'body.filter'): RowTest {
  const { and, or, property: key, timestamp, type: _type, ...rest } = check(node, filter, place);
  const [kind = 'title', extra] = Object.keys(rest);
  if (and || or) {
    const unwanted = and && or ? 'or' : key === undefined ? Object.keys(rest)[0] : 'property';
    if (unwanted !== undefined) throw refused(place, `${place}.${unwanted} should be not present.`);
    return compileGroup(and ?? [], or, source, now, `${place}.${and ? 'and' : 'or'}`);
  }
  if (extra !== undefined) throw refused(place, `${place}.${extra} should be not present.`);
  if (timestamp !== undefined) {
    const { test } = readCondition(timestamp, rest[timestamp], now, `${place}.${timestamp}`);
    return ({ page, version }) =>
      test(new Date(timestamp === 'created_time' ? page.createdAt : version.editedAt).toISOString());
  }
  if (key === undefined) throw refused(place, `${place}.property should be defined, instead was \`undefined\`.`);
  const property = requireProperty(source.properties, key);
  if (kind !== property.type) throw invalid(`database property ${property.type} does not match filter ${kind}`);
  const { test, names } = readCondition(property.type, rest[kind], now, `${place}.${kind}`);
  requireOptions(property, names);
  return (row) => test(plainCell(row, property));
}

function compileGroup(
  and: unknown[],
  or: unknown[] | undefined,
  source: DataSource,
  now: number,
  place: string,
): RowTest {
  const tooDeep = place.split(/\.(?:and|or)/).length > 3;
  if (tooDeep) throw refused(place, `${place} should be nested at most two levels deep.`);
  const tests = (or ?? and).map((part, index) => compileFilter(part, source, now, `${place}[${index}]`));
  return or ? (row) => tests.some((test) => test(row)) : (row) => tests.every((test) => test(row));
}

/** Whether Notion refuses a name that no option has is not known (2026-11); the stricter way shows the mistake. */
function requireOptions({ type, name, options }: Property, names: string[]): void {
  if (type !== 'select' && type !== 'status' && type !== 'multi_select') return;
  const unknown = names.find((each) => !options.some((option) => option.name === each));
  if (unknown !== undefined) throw invalid(`${type} option "${unknown}" not found for property "${name}".`);
}

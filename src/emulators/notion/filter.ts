import { z } from 'zod';
import { check, refused } from './check.ts';
import { invalid } from './errors.ts';
import * as conditions from './conditions.ts';
import type { DataSource, Property } from './model.ts';
import { findProperty, valueOf } from './property-cells.ts';
import {
  checkedIn,
  choiceName,
  choiceNames,
  fileCount,
  minuteOf,
  numberIn,
  peopleIn,
  type Row,
  textIn,
  timeIn,
} from './row.ts';

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
  const condition = `${place}.${kind}`;
  if (timestamp !== undefined) {
    const test = conditions.timeTest(check(conditions.dateCondition, rest[timestamp], `${place}.${timestamp}`), now);
    return ({ page, version }) => test(minuteOf(timestamp === 'created_time' ? page.createdAt : version.editedAt));
  }
  if (key === undefined) throw refused(place, `${place}.property should be defined, instead was \`undefined\`.`);
  const property = findProperty(source.properties, key);
  if (property === undefined) throw invalid(`Could not find property with name or id: ${key}`);
  if (kind !== property.type) throw invalid(`database property ${property.type} does not match filter ${kind}`);
  return compileProperty(property, rest[kind], now, condition);
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

function compileProperty(property: Property, condition: unknown, now: number, place: string): RowTest {
  switch (property.type) {
    case 'title':
    case 'rich_text':
    case 'url':
    case 'email':
    case 'phone_number': {
      const test = conditions.textTest(check(conditions.textCondition, condition, place));
      return ({ version }) => test(textIn(valueOf(version, property)));
    }
    case 'number':
    case 'unique_id': {
      const test = conditions.numberTest(check(conditions.numberCondition, condition, place));
      return ({ version }) => test(numberIn(version.values.get(property.id)));
    }
    case 'checkbox': {
      const test = conditions.checkboxTest(check(conditions.checkboxCondition, condition, place));
      return ({ version }) => test(checkedIn(valueOf(version, property)));
    }
    case 'select':
    case 'status': {
      const parsed = check(conditions.choiceCondition, condition, place);
      requireOptions(property, conditions.namesIn(parsed));
      const test = conditions.choiceTest(parsed);
      return ({ version }) => test(choiceName(property, valueOf(version, property)));
    }
    case 'multi_select': {
      const parsed = check(conditions.listCondition, condition, place);
      requireOptions(property, conditions.namesIn(parsed));
      const test = conditions.listTest(parsed);
      return ({ version }) => test(choiceNames(property, valueOf(version, property)));
    }
    case 'files': {
      const test = conditions.filesTest(check(conditions.filesCondition, condition, place));
      return ({ version }) => test(fileCount(valueOf(version, property)));
    }
    case 'people':
    case 'created_by':
    case 'last_edited_by': {
      const test = conditions.listTest(check(conditions.listCondition, condition, place));
      return (row) => test(peopleIn(row, property));
    }
    case 'date':
    case 'created_time':
    case 'last_edited_time': {
      const test = conditions.timeTest(check(conditions.dateCondition, condition, place), now);
      return (row) => test(timeIn(row, property));
    }
  }
}

/** Whether Notion refuses a name that no option has is not known (2026-11); the stricter way shows the mistake. */
function requireOptions(property: Property, names: string[]): void {
  const unknown = names.find((name) => !property.options.some((option) => option.name === name));
  if (unknown === undefined) return;
  throw invalid(`${property.type} option "${unknown}" not found for property "${property.name}".`);
}

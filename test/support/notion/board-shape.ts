import { postStatuses } from '../../../src/core/post.ts';
import { boardProperties, type PropertyKey, type PropertyType } from '../../../src/core/properties.ts';
import { keysOf } from '../../../src/lib/records.ts';
import type { BoundBoard } from '../../../src/notion/schema/schema.ts';

/** A board that has only these properties; their ids are their keys. */
export function boardOf(types: Partial<Record<PropertyKey, PropertyType>>): BoundBoard {
  const properties = Object.fromEntries(Object.entries(types).map(([id, type]) => [id, { id, type }]));
  return {
    dataSourceId: 'source',
    title: 'Posts',
    url: '',
    properties: { ...properties, status: { id: 'status', type: types.status ?? 'status' } },
    statusOptions: Object.fromEntries(postStatuses.map((state) => [state, { id: `option-${state}`, name: state }])),
    missing: [],
  };
}

/** A board with every property, each of its recommended type. */
export const wholeBoard = boardOf(
  Object.fromEntries(keysOf(boardProperties).map((key) => [key, boardProperties[key].types[0]])),
);

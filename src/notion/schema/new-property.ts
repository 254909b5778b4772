import { formats } from '../../core/post.ts';
import { boardProperties, type PropertyKey, statusNames, type StatusNames } from '../../core/properties.ts';
import { keysOf } from '../../lib/records.ts';

/**
 * Names for the option that a new status property begins with. Notion gives the first one to every row without a status,
 * those that exist included, so that it must be one which asks for nothing (2026-11).
 */
const restingNames = ['Draft', 'Idea', 'Not started'];

const statusColors = {
  'needs-image': 'yellow',
  generating: 'blue',
  'image-ready': 'green',
  failed: 'red',
  approved: 'purple',
  publishing: 'blue',
  published: 'green',
  'publish-failed': 'red',
  'publish-unconfirmed': 'orange',
} as const satisfies Record<keyof StatusNames, string>;

/** The status options that the product knows, by the names the board has for them. */
export function statusOptions(names: StatusNames) {
  return keysOf(statusNames).map((state) => ({ name: names[state], color: statusColors[state] }));
}

/** The property in its recommended type, as Notion takes it. */
export function newProperty(key: PropertyKey, statuses: StatusNames) {
  const [type] = boardProperties[key].types;
  switch (type) {
    case 'title':
      return { title: {} };
    case 'status': {
      const options = statusOptions(statuses);
      const resting = restingNames.find((name) => options.every((option) => option.name !== name));
      return { status: { options: [...(resting ? [{ name: resting, color: 'gray' as const }] : []), ...options] } };
    }
    case 'select':
      return { select: { options: key === 'format' ? keysOf(formats).map((name) => ({ name })) : [] } };
    case 'rich_text':
      return { rich_text: {} };
    case 'files':
      return { files: {} };
    case 'date':
      return { date: {} };
    case 'number':
      return { number: { format: key === 'cost' ? 'dollar' : 'number' } };
  }
}

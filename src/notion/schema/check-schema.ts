import type { Finding } from '../../core/finding.ts';
import { boardProperties, type PropertyKey, type PropertyType, statusNames } from '../../core/properties.ts';
import { keysOf } from '../../lib/records.ts';
import type { DataSource } from './data-source.ts';
import { type KnownStatus, optionsOf, propertyFor, requiredStatuses } from './schema.ts';
import { noPlaceForPicture, noStatus, noStatusOption, wrongType } from './schema-words.ts';
import { type BoardNames, settingForProperty, settingForStatus } from '../settings.ts';

/** Every property and status option, one by one. */
export function examineSchema(source: DataSource, names: BoardNames): Finding[] {
  const properties = keysOf(boardProperties).map((key) => examineProperty(source, key, names));
  const hasPlace = properties.some(
    ({ key, state }) => state === 'well' && (key === 'property.image' || key === 'property.imageFile'),
  );
  const place: Finding = {
    key: 'place',
    about: 'Place for the picture',
    state: 'problem',
    message: noPlaceForPicture(names.properties),
  };
  return [...properties, ...(hasPlace ? [] : [place]), ...examineOptions(source, names)];
}

function examineProperty(source: DataSource, key: PropertyKey, { properties: names }: BoardNames): Finding {
  const subject = { key: `property.${key}`, about: `Property "${names[key]}"` };
  const found = propertyFor(source, key, names);
  const types: readonly PropertyType[] = boardProperties[key].types;
  if (found && types.some((type) => type === found.type)) {
    return { ...subject, state: 'well', message: `of type ${found.type}` };
  }
  if (found) return { ...subject, state: 'problem', message: wrongType(key, names, found.type) };
  if (key === 'status') return { ...subject, state: 'problem', message: noStatus(names) };
  return {
    ...subject,
    state: 'note',
    message: `Not there, and optional: add it as ${types.join(' or ')} to use it, or name yours with ${settingForProperty(key)}.`,
  };
}

function examineOptions(source: DataSource, { properties, statuses }: BoardNames): Finding[] {
  const status = propertyFor(source, 'status', properties);
  if (status?.type !== 'status' && status?.type !== 'select') return [];
  const options = optionsOf(status);
  return keysOf(statusNames).map((state) => {
    const subject = { key: `status.${state}`, about: `Option "${statuses[state]}"` };
    if (options.some(({ name }) => name === statuses[state])) return { ...subject, state: 'well', message: 'there' };
    if (isRequired(state)) return { ...subject, state: 'problem', message: noStatusOption(state, statuses, options) };
    return {
      ...subject,
      state: 'note',
      message: `Not there; it serves publishing only: add it for that, or name yours with ${settingForStatus(state)}.`,
    };
  });
}

function isRequired(state: KnownStatus): boolean {
  return requiredStatuses.includes(state);
}

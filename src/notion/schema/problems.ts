import { boardProperties, type PropertyKey, type PropertyNames, type StatusNames } from '../../core/properties.ts';
import { settingForProperty, settingForStatus } from '../settings.ts';

/** A property has a type that does not serve. */
export function wrongType(key: PropertyKey, names: PropertyNames, type: string): string {
  const types = boardProperties[key].types.join(' or ');
  return `The property "${names[key]}" is of type ${type}, and the worker needs ${types}: change its type in Notion, or name another with ${settingForProperty(key)}.`;
}

/** The property that everything hangs on is not there. */
export function noStatus(names: PropertyNames): string {
  return `The database has no property "${names.status}": add a Status property of that name, or name yours with ${settingForProperty('status')}.`;
}

/** Neither Image nor Image file can be used. */
export function noPlaceForImage(names: PropertyNames): string {
  return `The database has no place for the picture: add a Files & media property "${names.image}" or a text property "${names.imageFile}", or name yours with ${settingForProperty('image')}.`;
}

/** An option that rows must pass through is not there. */
export function noStatusOption(
  state: keyof StatusNames,
  names: StatusNames,
  options: readonly { name: string }[],
): string {
  const present = options.map(({ name }) => `"${name}"`).join(', ') || 'none';
  return `The Status property has no option "${names[state]}" (it has ${present}): add it in Notion, or name yours with ${settingForStatus(state)}.`;
}

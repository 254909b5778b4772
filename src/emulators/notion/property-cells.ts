import type { Option, PageVersion, Property, PropertyValue } from './model.ts';

/** What the row holds in that column; a deleted option or a changed type leaves the column empty. */
export function valueOf(version: PageVersion, property: Property): PropertyValue {
  const value = version.values.get(property.id);
  if (value === undefined || value.type !== property.type) return emptyValue(property);
  if (value.type !== 'status' && value.type !== 'select') return value;
  const known = value.optionId === null || property.options.some((option) => option.id === value.optionId);
  return known ? value : emptyValue(property);
}

/** A new row's value: a status starts at its default. */
export function emptyValue(property: Property): PropertyValue {
  switch (property.type) {
    case 'title':
    case 'rich_text':
      return { type: property.type, items: [] };
    case 'number':
      return { type: 'number', number: null };
    case 'url':
    case 'email':
    case 'phone_number':
      return { type: property.type, text: null };
    case 'checkbox':
      return { type: 'checkbox', checked: false };
    case 'date':
      return { type: 'date', date: null };
    case 'select':
      return { type: 'select', optionId: null };
    case 'status':
      return { type: 'status', optionId: defaultStatus(property) };
    case 'multi_select':
      return { type: 'multi_select', optionIds: [] };
    case 'files':
      return { type: 'files', files: [] };
    case 'people':
      return { type: 'people', ids: [] };
    case 'created_time':
    case 'created_by':
    case 'last_edited_time':
    case 'last_edited_by':
    case 'unique_id':
      return { type: 'computed' };
  }
}

export function optionOf(property: Property, optionId: string | null): Option | undefined {
  return property.options.find((option) => option.id === optionId);
}

/** The first option of the To-do group. */
function defaultStatus(property: Property): string | null {
  const first = property.groups.find((group) => group.optionIds.length > 0)?.optionIds[0];
  return first ?? property.options[0]?.id ?? null;
}

/** By name, or by id in either of its two forms. */
export function findProperty(properties: readonly Property[], nameOrId: string): Property | undefined {
  return (
    properties.find((property) => property.name === nameOrId) ??
    properties.find((property) => property.id === nameOrId || decodeURIComponent(property.id) === nameOrId)
  );
}

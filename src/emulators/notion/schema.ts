import { z } from 'zod';
import { exactlyOne } from './check.ts';
import { invalid } from './errors.ts';
import type { IdSource } from './ids.ts';
import { type Property, type PropertyType, propertyTypes } from './model.ts';
import { mergeOptions, optionsConfig, setStatusOptions } from './options-config.ts';

const empty = z.strictObject({}).optional();

const configFields = {
  type: z.enum(propertyTypes).optional(),
  description: z.string().nullish(),
  title: empty,
  rich_text: empty,
  number: z.strictObject({ format: z.string().min(1).optional() }).optional(),
  select: optionsConfig,
  multi_select: optionsConfig,
  status: optionsConfig,
  date: empty,
  files: empty,
  checkbox: empty,
  url: empty,
};

/** A new column as a request gives it. */
const propertyConfig = z.strictObject(configFields).superRefine(exactlyOne(propertyTypes));
export const propertiesConfig = z.record(z.string().min(1), propertyConfig);
type PropertyConfig = z.infer<typeof propertyConfig>;

const configChange = z
  .strictObject({ ...configFields, name: z.string().min(1).optional() })
  .superRefine((value, context) => {
    if (value.name === undefined) exactlyOne(propertyTypes)(value, context);
  });

/** Changes to columns by name or id; null removes one. */
export const propertiesChange = z.record(z.string().min(1), configChange.nullable());

/** The API's config objects, such as `{ select: { options: [{ name: 'A' }] } }`. */
export type PropertySchema = z.input<typeof propertyConfig>;

export function typeOf(config: Partial<Record<PropertyType, unknown>>): PropertyType | undefined {
  return propertyTypes.find((type) => type in config);
}

export function createProperty(name: string, config: PropertyConfig, ids: IdSource): Property {
  const type = typeOf(config);
  if (type === undefined) throw invalid(`${name} has no property type.`);
  const property: Property = {
    id: type === 'title' ? 'title' : ids.short(),
    name,
    description: config.description ?? null,
    type,
    options: [],
    groups: [],
    format: config.number?.format ?? 'number',
  };
  if (type === 'status') {
    setStatusOptions(property, config.status?.options, ids);
  } else if (type === 'select' || type === 'multi_select') {
    property.options = mergeOptions([], config[type]?.options ?? [], ids);
  }
  return property;
}

export function createProperties(config: z.infer<typeof propertiesConfig>, ids: IdSource): Property[] {
  const properties = Object.entries(config).map(([name, each]) => createProperty(name, each, ids));
  if (properties.filter((property) => property.type === 'title').length !== 1) {
    throw invalid('Title is not provided, or more than one title property is provided.');
  }
  return properties;
}

/** Changes a column's configuration, within its type. */
export function reconfigure(property: Property, config: z.infer<typeof configChange>, ids: IdSource): void {
  property.format = config.number?.format ?? property.format;
  if (property.type === 'status') {
    if (config.status?.options) setStatusOptions(property, config.status.options, ids);
  } else if (property.type === 'select' || property.type === 'multi_select') {
    const options = config[property.type]?.options;
    if (options) property.options = mergeOptions(property.options, options, ids);
  }
}

/** A column as the API shows it. */
export function showProperty(property: Property): Record<string, unknown> {
  const { id, name, description, type } = property;
  return { id, name, description, type, [type]: showConfig(property) };
}

function showConfig({ type, format, options, groups }: Property): Record<string, unknown> {
  if (type === 'number') return { format };
  if (type === 'select' || type === 'multi_select') return { options };
  if (type !== 'status') return {};
  return {
    options,
    groups: groups.map(({ id, name, color, optionIds }) => ({ id, name, color, option_ids: optionIds })),
  };
}

import { z } from 'zod';
import { attach, type Effects } from './attach.ts';
import { exactlyOne, id } from './check.ts';
import { dateValue, isoDate } from './dates.ts';
import { invalid } from './errors.ts';
import type { Option, Property, PropertyType, PropertyValue, StoredFile } from './model.ts';
import { emptyValue, findProperty } from './property-cells.ts';
import { richText, toItems } from './rich-text.ts';
import { nextColor } from './options-config.ts';
import type { Workspace } from './workspace.ts';

const optionChoice = z.strictObject({
  id: z.string().min(1).max(100).optional(),
  name: z.string().min(1).max(2000).optional(),
  color: z.string().optional(),
  description: z.string().nullish(),
});
const chosen = optionChoice.superRefine((value, context) => {
  if (value.id === undefined) exactlyOne(['name'])(value, context);
});

const fileName = z.string().min(1).max(100);
const fileEntry = z.union([
  z.strictObject({
    type: z.literal('file_upload').optional(),
    file_upload: z.strictObject({ id }),
    name: fileName.optional(),
  }),
  z.strictObject({
    type: z.literal('external').optional(),
    external: z.strictObject({ url: z.string().min(1).max(2000) }),
    name: fileName,
  }),
  z.strictObject({
    type: z.literal('file').optional(),
    file: z.strictObject({ url: z.string().min(1), expiry_time: z.string().optional() }),
    name: fileName,
  }),
]);

const dateInput = z.strictObject({
  start: isoDate,
  end: isoDate.nullish(),
  // Zones other than the offset in `start` are not served.
  time_zone: z.null().optional(),
});

const writable = [
  'title',
  'rich_text',
  'number',
  'url',
  'select',
  'multi_select',
  'people',
  'email',
  'phone_number',
  'date',
  'checkbox',
  'files',
  'status',
] as const satisfies readonly PropertyType[];

/** One cell as a write gives it. */
const propertyInput = z
  .strictObject({
    type: z.enum(writable).optional(),
    title: richText.optional(),
    rich_text: richText.optional(),
    number: z.number().nullable().optional(),
    url: z.string().min(1).max(2000).nullable().optional(),
    select: chosen.nullable().optional(),
    multi_select: z.array(chosen).max(100).optional(),
    people: z
      .array(z.strictObject({ object: z.literal('user').optional(), id }))
      .max(100)
      .optional(),
    email: z.string().min(1).max(200).nullable().optional(),
    phone_number: z.string().min(1).max(200).nullable().optional(),
    date: dateInput.nullable().optional(),
    checkbox: z.boolean().optional(),
    files: z.array(fileEntry).max(100).optional(),
    status: chosen.nullable().optional(),
  })
  .superRefine((value, context) => exactlyOne(value.type === undefined ? writable : [value.type])(value, context))
  .superRefine(exactlyOne(writable));

type PropertyInput = z.infer<typeof propertyInput>;

/** The cells of a page as a write gives them, by name or id. */
export const propertiesInput = z.record(z.string(), propertyInput);

/** Checks the cells against the table's columns. Nothing is changed until the effects are run. */
export function readProperties(
  input: z.infer<typeof propertiesInput>,
  properties: readonly Property[],
  workspace: Workspace,
  effects: Effects,
): Map<string, PropertyValue> {
  const values = new Map<string, PropertyValue>();
  for (const [key, cell] of Object.entries(input)) {
    const property = findProperty(properties, key);
    if (property === undefined) throw invalid(`${key} is not a property that exists.`);
    const value = readValue(cell, property, workspace, effects);
    if (value === undefined) throw invalid(`${key} is expected to be ${property.type}.`);
    values.set(property.id, value);
  }
  return values;
}

function readValue(
  input: PropertyInput,
  property: Property,
  workspace: Workspace,
  effects: Effects,
): PropertyValue | undefined {
  switch (property.type) {
    case 'title':
    case 'rich_text': {
      const text = input[property.type];
      return text && { type: property.type, items: toItems(text) };
    }
    case 'number':
      return input.number === undefined ? undefined : { type: 'number', number: input.number };
    case 'url':
    case 'email':
    case 'phone_number': {
      const text = input[property.type];
      return text === undefined ? undefined : { type: property.type, text };
    }
    case 'checkbox':
      return input.checkbox === undefined ? undefined : { type: 'checkbox', checked: input.checkbox };
    case 'date':
      if (input.date === undefined) return undefined;
      return { type: 'date', date: input.date && dateValue(input.date) };
    case 'select':
      if (input.select === undefined) return undefined;
      return { type: 'select', optionId: input.select && pick(input.select, property, workspace, effects) };
    case 'multi_select':
      return (
        input.multi_select && {
          type: 'multi_select',
          optionIds: [...new Set(input.multi_select.map((choice) => pick(choice, property, workspace, effects)))],
        }
      );
    case 'status':
      if (input.status === undefined) return undefined;
      return input.status === null
        ? emptyValue(property)
        : { type: 'status', optionId: existing(input.status, property).id };
    case 'files':
      return input.files && { type: 'files', files: input.files.map((entry) => readFile(entry, workspace, effects)) };
    case 'people':
      return input.people && { type: 'people', ids: input.people.map((person) => person.id) };
    case 'created_time':
    case 'created_by':
    case 'last_edited_time':
    case 'last_edited_by':
    case 'unique_id':
      return undefined;
  }
}

type Choice = z.infer<typeof chosen>;

function existing(choice: Choice, property: Property): Option {
  const found = property.options.find((option) =>
    choice.id === undefined ? option.name === choice.name : option.id === choice.id,
  );
  if (found) return found;
  // The stray quote is Notion's own.
  throw invalid(`Invalid status option. Status option "${choice.name ?? choice.id}" does not exist".`);
}

/** A select's option; a new name makes one. */
function pick(choice: Choice, property: Property, workspace: Workspace, effects: Effects): string {
  const { id, name } = choice;
  const found = property.options.find((option) => (id === undefined ? option.name === name : option.id === id));
  if (found) {
    if (choice.color !== undefined && choice.color !== found.color) {
      throw invalid(`Select option color doesn't match existing for option with name "${found.name}".`);
    }
    return found.id;
  }
  if (name === undefined) throw invalid(`Select option with ID "${id}" does not exist.`);
  if (name.includes(',')) throw invalid(`Invalid select option, commas not allowed: ${name}`);
  const option = {
    id: workspace.ids.short(),
    name,
    color: choice.color ?? nextColor(property.options),
    description: choice.description ?? null,
  };
  effects.push(() => {
    if (!property.options.some((known) => known.name === name)) property.options.push(option);
  });
  return option.id;
}

function readFile(entry: z.infer<typeof fileEntry>, workspace: Workspace, effects: Effects): StoredFile {
  if ('external' in entry) return { kind: 'external', name: entry.name, url: entry.external.url };
  if ('file' in entry) {
    const fileId = workspace.files.idOf(entry.file.url);
    if (fileId === undefined)
      throw invalid(`The file "${entry.name}" is not hosted by Notion, or its URL has expired.`);
    return { kind: 'hosted', name: entry.name, fileId };
  }
  const { fileId, name } = attach(entry.file_upload.id, workspace, effects);
  return { kind: 'hosted', name: entry.name ?? name.slice(0, 100), fileId };
}

import { z } from 'zod';
import type { Edit } from './call.ts';
import { exactlyOne } from './check.ts';
import { dateInput, dateValue } from './dates.ts';
import { invalid } from './errors.ts';
import { fileEntry, readFile, showFile } from './file-references.ts';
import type { Option, Property, PropertyType, StoredFile } from './model.ts';
import { newOption } from './options-config.ts';
import { plainText, richText, toItems } from './rich-text.ts';
import type { Workspace } from './workspace.ts';

/** A cell as filters, sorts and people read it: text, an option's name, a time in ISO 8601, or the names of several things. */
export type PlainContent = string | number | boolean | null | string[];

/** What the columns of one type take, keep and show. */
interface PropertyKind<Content = unknown, Input = unknown> {
  /** What a write gives; the types without it are written by Notion alone. */
  input?: z.ZodType<Input>;
  /** Checks what a write gives against the column, and answers with what is kept. */
  read?(input: Input, property: Property, edit: Edit): Content;
  /** Of a new row. */
  empty(property: Property): Content;
  /** As the API shows it. */
  show(content: Content, property: Property, workspace: Workspace): unknown;
  plain(content: Content, property: Property): PlainContent;
}

// The functions infer what a kind keeps from its input.
const written = <Content, Input>(kind: PropertyKind<Content, Input>): PropertyKind<Content, Input> => kind;
const keptAsGiven = <Content extends PlainContent>(input: z.ZodType<Content>, empty: Content) =>
  written({ input, read: (given) => given, empty: () => empty, show: (kept) => kept, plain: (kept) => kept });

const choice = z
  .strictObject({
    id: z.string().min(1).max(100).optional(),
    name: z.string().min(1).max(2000).optional(),
    color: z.string().optional(),
    description: z.string().nullish(),
  })
  .superRefine((value, context) => {
    if (value.id === undefined) exactlyOne(['name'])(value, context);
  });
type Choice = z.infer<typeof choice>;

const text = written({
  input: richText,
  read: toItems,
  empty: () => [],
  show: (items) => items,
  plain: plainText,
});
const oneOption = { show: showOption, plain: nameOf };

/** Every type of column. */
export const propertyKinds: Record<PropertyType, PropertyKind> = {
  title: text,
  rich_text: text,
  number: keptAsGiven(z.number().nullable(), null),
  url: keptAsGiven(z.string().min(1).max(2000).nullable(), null),
  select: written({
    input: choice.nullable(),
    read: (given, property, edit) => given && pick(given, property, edit),
    empty: () => null,
    ...oneOption,
  }),
  multi_select: written({
    input: z.array(choice).max(100),
    read: (given, property, edit) => [...new Set(given.map((each) => pick(each, property, edit)))],
    empty: () => [],
    show: (ids, property) => ids.flatMap((optionId) => showOption(optionId, property) ?? []),
    plain: (ids, property) => ids.flatMap((optionId) => nameOf(optionId, property) ?? []),
  }),
  date: written({
    input: dateInput.nullable(),
    read: (given) => given && dateValue(given),
    empty: () => null,
    show: (date) => date,
    plain: (date) => date?.start ?? null,
  }),
  checkbox: keptAsGiven(z.boolean(), false),
  files: written<StoredFile[], z.infer<typeof fileEntry>[]>({
    input: z.array(fileEntry).max(100),
    read: (given, _property, edit) => given.map((entry) => readFile(entry, edit)),
    empty: () => [],
    show: (files, _property, workspace) => files.map((file) => showFile(file, workspace)),
    plain: (files) => files.map((file) => file.name),
  }),
  status: written({
    input: choice.nullable(),
    read: (given, property) => (given === null ? defaultStatus(property) : existing(given, property).id),
    empty: defaultStatus,
    ...oneOption,
  }),
};

function optionOf(optionId: string | null, property: Property): Option | undefined {
  return property.options.find((option) => option.id === optionId);
}

function nameOf(optionId: string | null, property: Property): string | null {
  return optionOf(optionId, property)?.name ?? null;
}

function showOption(optionId: string | null, property: Property): Record<string, unknown> | null {
  const option = optionOf(optionId, property);
  return option ? { id: option.id, name: option.name, color: option.color } : null;
}

/** The first option of the To-do group. */
function defaultStatus(property: Property): string | null {
  const first = property.groups.find((group) => group.optionIds.length > 0)?.optionIds[0];
  return first ?? property.options[0]?.id ?? null;
}

function chosen({ id: optionId, name }: Choice, property: Property): Option | undefined {
  return property.options.find((option) => (optionId === undefined ? option.name === name : option.id === optionId));
}

function existing(given: Choice, property: Property): Option {
  const found = chosen(given, property);
  if (found) return found;
  // The stray quote is Notion's own.
  throw invalid(`Invalid status option. Status option "${given.name ?? given.id}" does not exist".`);
}

/** A select's option; a new name makes one. */
function pick(given: Choice, property: Property, { workspace, effects }: Edit): string {
  const { id: optionId, name, color, description } = given;
  const found = chosen(given, property);
  if (found) {
    if (color !== undefined && color !== found.color) {
      throw invalid(`Select option color doesn't match existing for option with name "${found.name}".`);
    }
    return found.id;
  }
  if (name === undefined) throw invalid(`Select option with ID "${optionId}" does not exist.`);
  const option = newOption({ name, color, description }, property.options, workspace.ids);
  effects.push(() => {
    if (!property.options.some((known) => known.name === name)) property.options.push(option);
  });
  return option.id;
}

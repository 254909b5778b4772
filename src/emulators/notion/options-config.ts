import { z } from 'zod';
import { invalid } from './errors.ts';
import type { IdSource } from './ids.ts';
import type { Option, OptionGroup, Property } from './model.ts';

const colors = ['gray', 'brown', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'red'] as const;

const optionConfig = z.strictObject({
  id: z.string().min(1).optional(),
  name: z.string().min(1).max(2000).optional(),
  color: z.enum(['default', ...colors]).optional(),
  description: z.string().nullish(),
});
/** A choice column's options as a request gives them. */
export const optionsConfig = z.strictObject({ options: z.array(optionConfig).max(100).optional() }).optional();

type OptionInput = z.infer<typeof optionConfig>;

/** An option that comes after others, in the next colour unless it is given one. */
export function newOption(
  given: { name: string; color?: string | undefined; description?: string | null | undefined },
  others: readonly Option[],
  ids: IdSource,
): Option {
  const { name, color = colors[others.length % colors.length] ?? 'default', description = null } = given;
  if (name.includes(',')) throw invalid(`Invalid select option, commas not allowed: ${name}`);
  return { id: ids.short(), name, color, description };
}

/** The options asked for: those that exist stay as they are, new ones are made, and those not named are gone. */
export function mergeOptions(current: readonly Option[], wanted: readonly OptionInput[], ids: IdSource): Option[] {
  const merged: Option[] = [];
  for (const want of wanted) {
    const found = current.find((option) => (want.id === undefined ? option.name === want.name : option.id === want.id));
    const name = want.name ?? found?.name;
    if (name === undefined) throw invalid(`Option with ID "${want.id}" does not exist.`);
    if (found && found.name !== name) throw invalid(`Cannot update name of option "${found.name}".`);
    if (found && want.color !== undefined && want.color !== found.color) {
      throw invalid(`Cannot update color of option "${found.name}".`);
    }
    if (merged.some((option) => option.name === name)) throw invalid(`Options should be unique, "${name}" is not.`);
    merged.push(
      found
        ? { ...found, description: want.description === undefined ? found.description : want.description }
        : newOption({ ...want, name }, [...current, ...merged], ids),
    );
  }
  return merged;
}

const statusGroups = [
  { name: 'To-do', color: 'gray', option: 'Not started' },
  { name: 'In progress', color: 'blue', option: 'In progress' },
  { name: 'Complete', color: 'green', option: 'Done' },
] as const;

/** New status options land in To-do: the API cannot set groups (Notion, 2026-03). */
export function setStatusOptions(property: Property, wanted: readonly OptionInput[] | undefined, ids: IdSource): void {
  const isNew = property.groups.length === 0;
  if (wanted?.length === 0) throw invalid('A status property needs at least one option.');
  const inputs = wanted ?? statusGroups.map(({ option, color }) => ({ name: option, color }));
  property.options = mergeOptions(property.options, inputs, ids);
  if (isNew) {
    property.groups = statusGroups.map(({ name, color }) => ({ id: ids.uuid(), name, color, optionIds: [] }));
  }
  const grouped = new Set(property.groups.flatMap((group) => group.optionIds));
  property.groups = property.groups.map((group, index): OptionGroup => {
    const kept = group.optionIds.filter((id) => property.options.some((option) => option.id === id));
    const added = property.options.filter((option, position) =>
      wanted === undefined ? position === index : index === 0 && !grouped.has(option.id),
    );
    return { ...group, optionIds: [...kept, ...added.map((option) => option.id)] };
  });
}

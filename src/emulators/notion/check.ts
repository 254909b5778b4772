import { z } from 'zod';
import { type ApiError, invalid } from './errors.ts';
import { normalizeId } from './ids.ts';

type Issue = z.core.$ZodIssue;

/** Parses a part of a request, or refuses it in Notion's words. `place` is where it stands, such as `body.filter`. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown, place = 'body'): z.infer<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw refused(place, ...new Set(result.error.issues.flatMap((issue) => describe(issue, place))));
}

/** The refusal of a request whose part at `place` is wrong, in these lines. */
export function refused(place: string, ...lines: string[]): ApiError {
  const [area] = place.split(/[.[]/, 1);
  const several = lines.length > 1;
  return invalid(`${area} failed validation${several ? '. Fix one:\n' : ': '}${lines.join('\n')}`);
}

/** An id in any of its forms, made dashed and lower-case. */
export const id = z.string().transform((value, context) => {
  const normal = normalizeId(value);
  if (normal !== undefined) return normal;
  context.issues.push({ code: 'custom', message: 'should be a valid uuid', input: value });
  return z.NEVER;
});

/** Refuses an object of which not exactly one of the given keys is there. */
export function exactlyOne(keys: readonly string[]) {
  return (value: object, context: z.RefinementCtx) => {
    const [first, ...others] = keys.filter((key) => key in value);
    const missing = first === undefined ? keys : [];
    for (const key of missing) {
      context.addIssue({ code: 'custom', message: 'should be defined', path: [key], input: undefined });
    }
    for (const key of others) {
      context.addIssue({ code: 'custom', message: 'should be not present', path: [key], input: field(value, key) });
    }
  };
}

function describe(issue: Issue, base: string): string[] {
  const place = base + issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  switch (issue.code) {
    case 'invalid_type':
      if (issue.expected === 'undefined') return [`${place} should be not present, instead was ${show(issue.input)}.`];
      return [
        issue.input === undefined
          ? `${place} should be defined, instead was \`undefined\`.`
          : `${place} should be ${article(issue.expected)}, instead was ${show(issue.input)}.`,
      ];
    case 'too_big':
      return [
        `${measured(place, issue.input)} should be ≤ \`${issue.maximum}\`, instead was \`${size(issue.input)}\`.`,
      ];
    case 'too_small':
      return [
        `${measured(place, issue.input)} should be ≥ \`${issue.minimum}\`, instead was \`${size(issue.input)}\`.`,
      ];
    case 'unrecognized_keys': {
      const input: unknown = issue.input;
      return issue.keys.map((key) => `${place}.${key} should be not present, instead was ${show(field(input, key))}.`);
    }
    case 'invalid_value': {
      if (issue.input === undefined) return [`${place} should be defined, instead was \`undefined\`.`];
      const values = issue.values.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
      return [`${place} should be ${values}, instead was ${show(issue.input)}.`];
    }
    case 'invalid_union': {
      const strangeness = issue.errors.map((branch) => branch.filter(isOtherShape).length);
      const least = Math.min(...strangeness);
      const branches = issue.errors.filter((_, index) => strangeness[index] === least);
      return [...new Set(branches.flatMap((branch) => branch.slice(0, 1).flatMap((inner) => describe(inner, place))))];
    }
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'not_multiple_of':
      return [`${place} ${issue.message}, instead was ${show(issue.input)}.`];
  }
}

/** True of an issue which says that another branch of the union was meant. */
function isOtherShape(issue: Issue): boolean {
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return issue.path.length <= 1 && (missing || issue.code === 'unrecognized_keys' || issue.code === 'invalid_value');
}

function article(expected: string): string {
  const word = expected === 'record' ? 'object' : expected;
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
}

function measured(place: string, input: unknown): string {
  return typeof input === 'number' ? place : `${place}.length`;
}

function size(input: unknown): number | string {
  return typeof input === 'string' || Array.isArray(input) ? input.length : String(input);
}

function field(input: unknown, key: string): unknown {
  return typeof input === 'object' && input !== null ? Object.getOwnPropertyDescriptor(input, key)?.value : undefined;
}

const shownCharacters = 120;

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return `\`${text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text}\``;
}

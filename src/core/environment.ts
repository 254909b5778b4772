import { readFileSync } from 'node:fs';

/** Environment variables by name, as in `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads settings from environment variables. An empty value means unset; rubbish is noted as a problem, in words, and the
 * reading goes on, so that every mistake is reported at once. A secret may also come from the file that `<NAME>_FILE` names.
 */
export interface Environment {
  text(name: string, fallback: string): string;
  optional(name: string): string | undefined;
  /** The first of the names that is set. */
  secret(...names: string[]): string | undefined;
  /** The same for a secret of several parts, whose characters the caller checks. */
  secretParts(name: string): string | undefined;
  /** Notes a part of a secret that must never be shown either. */
  markSecret(part: string): void;
  number(name: string, range: { fallback: number; min: number; max: number; whole?: boolean }): number;
  flag(name: string, fallback: boolean): boolean;
  url(name: string, fallback: string): string;
  optionalUrl(name: string): string | undefined;
  list(name: string, fallback: readonly string[], allowed: readonly string[]): string[];
  problem(sentence: string): void;
  readonly problems: readonly string[];
  readonly secrets: readonly string[];
  /** Every name that was asked for. */
  readonly names: ReadonlySet<string>;
}

export function readEnvironment(variables: Variables): Environment {
  const problems: string[] = [];
  const secrets: string[] = [];
  const names = new Set<string>();

  const optional = (name: string): string | undefined => {
    names.add(name);
    const value = variables[name]?.trim();
    return value === '' ? undefined : value;
  };

  const fromFile = (name: string): string | undefined => {
    const path = variables[`${name}_FILE`]?.trim();
    if (!path) return undefined;
    try {
      const value = readFileSync(path, 'utf8').trim();
      if (value !== '') return value;
      problems.push(`${name}_FILE names ${path}, which is empty: put the secret into it.`);
    } catch {
      problems.push(`${name}_FILE names ${path}, which cannot be read: check the path and the file's rights.`);
    }
    return undefined;
  };

  const parseUrl = (name: string, value: string, fallback: string): string => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.hash === '') {
      return value.replace(/\/+$/, '');
    }
    problems.push(`${name} is not a web address: give one such as ${fallback || 'https://example.com'}.`);
    return fallback;
  };

  return {
    problems,
    secrets,
    names,
    optional,
    text: (name, fallback) => optional(name) ?? fallback,
    secret(...candidates) {
      for (const name of candidates) {
        const direct = optional(name);
        const value = direct ?? fromFile(name);
        if (value === undefined) continue;
        // eslint-disable-next-line no-control-regex
        if (/[\u0000-\u0020\u007f-\uffff]/.test(value)) {
          const step = 'copy the key again, without quotes or line breaks.';
          problems.push(`${name} holds a space or an unusual character: ${step}`);
        }
        secrets.push(value);
        return value;
      }
      return undefined;
    },
    secretParts(name) {
      const value = optional(name) ?? fromFile(name);
      if (value !== undefined) secrets.push(value);
      return value;
    },
    markSecret: (part) => secrets.push(part),
    number(name, { fallback, min, max, whole = false }) {
      const value = optional(name);
      if (value === undefined) return fallback;
      const parsed = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
      if (parsed >= min && parsed <= max && (!whole || Number.isInteger(parsed))) return parsed;
      problems.push(`${name} is "${value}": give a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`);
      return fallback;
    },
    flag(name, fallback) {
      const value = optional(name)?.toLowerCase();
      if (value === undefined) return fallback;
      if (['true', 'yes', 'on', '1'].includes(value)) return true;
      if (['false', 'no', 'off', '0'].includes(value)) return false;
      problems.push(`${name} is "${value}": give true or false.`);
      return fallback;
    },
    url: (name, fallback) => parseUrl(name, optional(name) ?? fallback, fallback),
    optionalUrl(name) {
      const value = optional(name);
      return value === undefined ? undefined : parseUrl(name, value, '') || undefined;
    },
    list(name, fallback, allowed) {
      const value = optional(name);
      if (value === undefined) return [...fallback];
      const given = value.split(',').map((item) => item.trim().toLowerCase());
      const items = [...new Set(given.filter(Boolean))];
      const unknown = items.filter((item) => !allowed.includes(item));
      if (unknown.length > 0 || items.length === 0) {
        const what = unknown.length > 0 ? `names ${unknown.map((item) => `"${item}"`).join(', ')}` : 'names nothing';
        problems.push(`${name} ${what}: choose from ${allowed.join(', ')}, with commas between.`);
        return [...fallback];
      }
      return items;
    },
    problem: (sentence) => problems.push(sentence),
  };
}

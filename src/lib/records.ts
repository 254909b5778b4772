/** The keys of a record whose type lists them all. */
export function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): K[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type lists every key
  return Object.keys(record) as K[];
}

/** A record of the same keys with other values. */
export function mapValues<K extends string, V, W>(
  record: Readonly<Record<K, V>>,
  change: (value: V, key: K) => W,
): Record<K, W> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built from the same keys
  return Object.fromEntries(keysOf(record).map((key) => [key, change(record[key], key)])) as Record<K, W>;
}

/** A field of a value of unknown shape; undefined when it is no object, or has no such field of its own. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

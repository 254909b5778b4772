import { z } from 'zod';
import { type Post, type PostOptions, type PostStatus, postStatuses } from '../../core/post.ts';
import type { PropertyKey } from '../../core/properties.ts';
import { lenient } from '../../lib/json.ts';
import type { BoundBoard } from '../schema/schema.ts';

const text = z.array(z.object({ plain_text: z.string() }));
const named = z.object({ id: z.string(), name: z.string() }).nullable();
const value = z.object({
  id: z.string(),
  title: lenient(text),
  rich_text: lenient(text),
  status: lenient(named),
  select: lenient(named),
  number: lenient(z.number().nullable()),
  files: lenient(z.array(z.object({ name: z.string().default('') }))),
});
const page = z.object({
  id: z.string(),
  url: z.string().default(''),
  created_time: z.string(),
  last_edited_time: z.string(),
  in_trash: z.boolean().default(false),
  properties: z.record(z.string(), value),
});

/** A row as the worker needs it, or undefined for a row in the trash. @throws {z.ZodError} when it is not a page. */
export function readPost(answer: unknown, board: BoundBoard): Post | undefined {
  const row = page.parse(answer);
  if (row.in_trash) return undefined;
  const byId = new Map(Object.values(row.properties).map((property) => [property.id, property]));
  const of = (key: PropertyKey) => {
    const id = board.properties[key]?.id;
    return id === undefined ? undefined : byId.get(id);
  };
  const textOf = (key: PropertyKey) => {
    const property = of(key);
    const parts = property?.title ?? property?.rich_text;
    return (parts ? parts.map((part) => part.plain_text).join('') : (property?.select?.name ?? '')).trim();
  };
  const status = of('status');
  const option = status?.status ?? status?.select;
  const claim = readClaim(textOf('claim'));
  return {
    id: row.id.toLowerCase(),
    url: row.url,
    title: textOf('name'),
    prompt: textOf('prompt'),
    caption: textOf('caption'),
    status: stateOf(option?.id, board),
    statusName: option?.name ?? '',
    options: readOptions(textOf, (key) => of(key)?.number ?? undefined),
    imageNames: of('image')?.files?.map(({ name }) => name) ?? [],
    imageFile: textOf('imageFile'),
    provider: textOf('provider'),
    error: textOf('error'),
    ...(claim && { claim }),
    createdAt: row.created_time,
    editedAt: row.last_edited_time,
  };
}

/** What Claim shows: who holds the row, since when. */
export function writeClaim(worker: string, at: number): string {
  return `${worker} since ${new Date(at).toISOString()}`;
}

function readClaim(words: string): Post['claim'] {
  const [, worker, since] = /^(\S+) since (\S+)$/.exec(words) ?? [];
  const at = Date.parse(since ?? '');
  return worker === undefined || Number.isNaN(at) ? undefined : { worker, at };
}

function stateOf(optionId: string | undefined, board: BoundBoard): PostStatus {
  if (optionId === undefined) return 'other';
  return postStatuses.find((state) => board.statusOptions[state]?.id === optionId) ?? 'other';
}

function readOptions(
  textOf: (key: PropertyKey) => string,
  numberOf: (key: PropertyKey) => number | undefined,
): PostOptions {
  const options = {
    negativePrompt: textOf('negativePrompt'),
    format: textOf('format'),
    width: numberOf('width'),
    height: numberOf('height'),
    steps: numberOf('steps'),
    cfgScale: numberOf('guidance'),
    sampler: textOf('sampler'),
    seed: numberOf('seed'),
    headline: textOf('headline'),
    preferredProvider: textOf('preferredProvider'),
  };
  return Object.fromEntries(Object.entries(options).filter(([, given]) => given !== undefined && given !== ''));
}

import type { PostStatus } from './post.ts';

/** The kinds of Notion property that the product reads or writes. */
export type PropertyType = 'title' | 'rich_text' | 'status' | 'select' | 'files' | 'number' | 'date';

/** What the product keeps in one property of the board. */
export interface BoardProperty {
  /** The name it has unless a setting says otherwise. */
  name: string;
  /** Types that serve, the recommended first. */
  types: readonly PropertyType[];
}

/** Every property of the board; only name, status and one of image and imageFile are required. */
export const boardProperties = {
  name: { name: 'Name', types: ['title'] },
  status: { name: 'Status', types: ['status', 'select'] },
  prompt: { name: 'Prompt', types: ['rich_text'] },
  caption: { name: 'Caption', types: ['rich_text'] },
  image: { name: 'Image', types: ['files'] },
  imageFile: { name: 'Image file', types: ['rich_text'] },
  model: { name: 'Model', types: ['select', 'rich_text'] },
  provider: { name: 'Provider', types: ['select', 'rich_text'] },
  error: { name: 'Error', types: ['rich_text'] },
  generatedAt: { name: 'Generated at', types: ['date'] },
  why: { name: 'Why', types: ['rich_text'] },
  cost: { name: 'Cost', types: ['number'] },
  claim: { name: 'Claim', types: ['rich_text'] },
  negativePrompt: { name: 'Negative prompt', types: ['rich_text'] },
  format: { name: 'Format', types: ['select', 'rich_text'] },
  width: { name: 'Width', types: ['number'] },
  height: { name: 'Height', types: ['number'] },
  steps: { name: 'Steps', types: ['number'] },
  guidance: { name: 'Guidance', types: ['number'] },
  sampler: { name: 'Sampler', types: ['rich_text', 'select'] },
  seed: { name: 'Seed', types: ['number'] },
  headline: { name: 'Headline', types: ['rich_text'] },
  preferredProvider: { name: 'Preferred provider', types: ['select', 'rich_text'] },
} as const satisfies Record<string, BoardProperty>;

export type PropertyKey = keyof typeof boardProperties;
export type PropertyNames = Record<PropertyKey, string>;

/** The words of the status options, unless settings say otherwise. */
export const statusNames = {
  'needs-image': 'Needs image',
  generating: 'Generating',
  'image-ready': 'Image ready',
  failed: 'Failed',
  approved: 'Approved',
  publishing: 'Publishing',
  published: 'Published',
  'publish-failed': 'Publish failed',
  'publish-unconfirmed': 'Publish unconfirmed',
} as const satisfies Record<Exclude<PostStatus, 'other'>, string>;

export type StatusNames = Record<keyof typeof statusNames, string>;

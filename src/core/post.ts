/** The states of a row that the product knows; `other` is any option of the editors' own, and an empty status. */
export const postStatuses = [
  'needs-image',
  'generating',
  'image-ready',
  'failed',
  'approved',
  'publishing',
  'published',
  'publish-failed',
  'publish-unconfirmed',
] as const;
export type PostStatus = (typeof postStatuses)[number] | 'other';

/** Pixel sizes of the formats an editor can choose. */
export const formats = {
  Square: { width: 1080, height: 1080 },
  Landscape: { width: 1200, height: 630 },
  Portrait: { width: 1080, height: 1350 },
  Story: { width: 1080, height: 1920 },
} as const;
export type Format = keyof typeof formats;

/** What an editor may ask for besides the prompt, as it stands in the row: not yet checked against its range. */
export interface PostOptions {
  negativePrompt?: string;
  format?: string;
  width?: number;
  height?: number;
  steps?: number;
  cfgScale?: number;
  sampler?: string;
  seed?: number;
  headline?: string;
  preferredProvider?: string;
}

/** One Notion row as the worker needs it. */
export interface Post {
  /** Dashed lower-case uuid. */
  id: string;
  url: string;
  title: string;
  /** What the editor wrote; empty when the prompt is to be made from title and caption. */
  prompt: string;
  caption: string;
  status: PostStatus;
  /** The status option's own words. */
  statusName: string;
  options: PostOptions;
  /** Names of the files that stand in Image; the three below are what the properties of their names hold. */
  imageNames: string[];
  imageFile: string;
  provider: string;
  error: string;
  /** Who holds the row, where it says so. */
  claim?: { worker: string; at: number };
  /** ISO 8601; Notion rounds both down to the minute. */
  createdAt: string;
  editedAt: string;
}

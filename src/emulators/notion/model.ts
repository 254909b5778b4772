/** A piece of formatted text as the API shows it. */
export interface RichTextItem {
  type: 'text' | 'equation' | 'mention';
  text?: { content: string; link: { url: string } | null };
  equation?: { expression: string };
  mention?: Record<string, unknown>;
  annotations: Record<'bold' | 'italic' | 'strikethrough' | 'underline' | 'code', boolean> & { color: string };
  plain_text: string;
  href: string | null;
}

export interface Option {
  id: string;
  name: string;
  color: string;
  description: string | null;
}

export interface OptionGroup {
  id: string;
  name: string;
  color: string;
  optionIds: string[];
}

export const propertyTypes = [
  'title',
  'rich_text',
  'number',
  'select',
  'multi_select',
  'status',
  'date',
  'people',
  'files',
  'checkbox',
  'url',
  'email',
  'phone_number',
  'created_time',
  'created_by',
  'last_edited_time',
  'last_edited_by',
  'unique_id',
] as const;
export type PropertyType = (typeof propertyTypes)[number];

/** One column. */
export interface Property {
  /** Percent-encoded, as the API shows it. */
  id: string;
  name: string;
  description: string | null;
  type: PropertyType;
  options: Option[];
  groups: OptionGroup[];
  /** Of a number. */
  format: string;
  /** Of a unique id. */
  prefix: string | null;
}

export type Cover = { kind: 'hosted'; fileId: string } | { kind: 'external'; url: string };
export type StoredFile = Cover & { name: string };
export type Icon = Cover | { kind: 'emoji'; emoji: string } | { kind: 'icon'; icon: { name: string; color: string } };

export interface DateValue {
  start: string;
  end: string | null;
  time_zone: null;
}

/** One cell: what it holds is known to the kind of its type alone. */
export interface Cell {
  type: PropertyType;
  content: unknown;
}

/** A page's content at one time; never changed, only replaced. */
export interface PageVersion {
  /** Monotonic ms. */
  since: number;
  values: ReadonlyMap<string, Cell>;
  inTrash: boolean;
  isArchived: boolean;
  isLocked: boolean;
  icon: Icon | null;
  cover: Cover | null;
  editedAt: number;
  editedBy: string;
}

export type BlockContent =
  | { type: 'paragraph'; items: RichTextItem[]; color: string }
  | { type: 'image'; image: Cover; caption: RichTextItem[] };

export interface Block {
  id: string;
  createdAt: number;
  createdBy: string;
  content: BlockContent;
}

export interface Page {
  id: string;
  /** Rises with every page made. */
  order: number;
  /** Monotonic ms. */
  bornAt: number;
  createdAt: number;
  createdBy: string;
  /** The table it is a row of, or the page it stands under, or neither for the root. */
  dataSource: DataSource | undefined;
  parentPageId: string | undefined;
  current: PageVersion;
  /** What it was before, oldest first; empty unless queries are stale. */
  earlier: PageVersion[];
  blocks: Block[];
  /** PATCHes by the connection. */
  writes: number;
}

/** Who made and last edited a thing, and when, in wall-clock ms. */
export interface Stamps {
  createdAt: number;
  createdBy: string;
  editedAt: number;
  editedBy: string;
}

export interface DataSource extends Stamps {
  id: string;
  database: Database;
  name: RichTextItem[];
  icon: Icon | null;
  properties: Property[];
  /** Oldest first. */
  pages: Page[];
  lastUniqueId: number;
  inTrash: boolean;
}

export interface Database {
  id: string;
  parentPageId: string;
  title: RichTextItem[];
  description: RichTextItem[];
  icon: Icon | null;
  cover: Cover | null;
  isInline: boolean;
  isLocked: boolean;
  inTrash: boolean;
  createdAt: number;
  editedAt: number;
  dataSources: DataSource[];
}

export interface Upload {
  id: string;
  createdAt: number;
  /** null once it was attached. */
  expiresAt: number | null;
  status: 'pending' | 'uploaded';
  filename: string | null;
  contentType: string | null;
  contentLength: number | null;
  /** Of a multi-part upload. */
  parts: { total: number; sent: Map<number, Uint8Array> } | undefined;
  /** Monotonic ms when the bytes were complete. */
  sentAt: number | undefined;
  fileId: string | undefined;
}

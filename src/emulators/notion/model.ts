/** A piece of formatted text as the API shows it. */
export interface RichTextItem {
  type: 'text';
  text: { content: string; link: { url: string } | null };
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
  'files',
  'checkbox',
  'url',
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
}

export type StoredFile = { name: string } & ({ kind: 'hosted'; fileId: string } | { kind: 'external'; url: string });

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
  editedAt: number;
  editedBy: string;
}

export interface Page {
  id: string;
  /** Rises with every page made. */
  order: number;
  /** Monotonic ms. */
  bornAt: number;
  createdAt: number;
  createdBy: string;
  /** The table it is a row of; undefined for the root. */
  dataSource: DataSource | undefined;
  current: PageVersion;
  /** What it was before, oldest first; empty unless queries are stale. */
  earlier: PageVersion[];
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
  properties: Property[];
  /** Oldest first. */
  pages: Page[];
}

export interface Database {
  id: string;
  parentPageId: string;
  title: RichTextItem[];
  isLocked: boolean;
  inTrash: boolean;
  createdAt: number;
  dataSources: DataSource[];
}

export interface Upload {
  id: string;
  createdAt: number;
  /** null once it was attached. */
  expiresAt: number | null;
  status: 'pending' | 'uploaded';
  filename: string;
  contentType: string;
  contentLength: number | null;
  /** Monotonic ms when the bytes were complete. */
  sentAt: number | undefined;
  fileId: string | undefined;
}

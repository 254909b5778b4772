import { type Kind, notFound } from './errors.ts';
import { createHostedFiles, type HostedFiles } from './hosted-files.ts';
import { createIdSource, type IdSource } from './ids.ts';
import type { Cell, Database, DataSource, Page, PageVersion, Upload } from './model.ts';
import { type EmbeddedBoardOptions, settingsOf } from './options.ts';

/** All that the board knows. */
export class Workspace {
  readonly ids: IdSource;
  readonly botId: string;
  /** The one person of the workspace, who edits by hand. */
  readonly personId: string;
  readonly workspaceId: string;
  readonly rootPageId: string;
  readonly files: HostedFiles;
  readonly databases = new Map<string, Database>();
  readonly dataSources = new Map<string, DataSource>();
  readonly pages = new Map<string, Page>();
  readonly uploads = new Map<string, Upload>();
  /** Where the server listens, once it does. */
  origin = '';
  readonly #options: EmbeddedBoardOptions;
  #pagesMade = 0;

  constructor(options: EmbeddedBoardOptions) {
    this.#options = options;
    const { random, maxHeldBytes } = this.settings();
    this.ids = createIdSource(random);
    this.botId = this.ids.uuid();
    this.personId = this.ids.uuid();
    this.workspaceId = this.ids.uuid();
    this.rootPageId = this.ids.uuid();
    const key = this.ids.uuid();
    this.files = createHostedFiles({ now: () => this.now(), origin: () => this.origin, maxHeldBytes, key });
  }

  settings() {
    return settingsOf(this.#options);
  }

  /** Wall-clock ms as this server sees it. */
  now(): number {
    const { clock, clockSkewMs } = this.settings();
    return clock.now() + clockSkewMs;
  }

  monotonic(): number {
    return this.settings().clock.monotonic();
  }

  page(id: string): Page {
    return this.#shared('page', this.pages, id);
  }

  database(id: string): Database {
    return this.#shared('database', this.databases, id);
  }

  dataSource(id: string): DataSource {
    return this.#shared('data source', this.dataSources, id);
  }

  #shared<Thing>(kind: Kind, things: Map<string, Thing>, id: string): Thing {
    const thing = things.get(id);
    const { shared, connectionName } = this.settings();
    if (thing === undefined || !shared) throw notFound(kind, id, connectionName);
    return thing;
  }

  /** Adds a row, or the root page, which comes first and is in no table. */
  addPage(dataSource: DataSource | undefined, values: ReadonlyMap<string, Cell>, author: string): Page {
    this.#pagesMade += 1;
    const at = this.now();
    const since = this.monotonic();
    const page: Page = {
      id: dataSource ? this.ids.uuid() : this.rootPageId,
      order: this.#pagesMade,
      bornAt: since,
      createdAt: at,
      createdBy: author,
      dataSource,
      current: { since, values, inTrash: false, editedAt: at, editedBy: author },
      earlier: [],
      writes: 0,
    };
    this.pages.set(page.id, page);
    dataSource?.pages.push(page);
    return page;
  }

  /** Replaces parts of a page's content, and stamps the edit. */
  revise(page: Page, changes: Partial<Omit<PageVersion, 'since' | 'editedAt' | 'editedBy'>>, editor: string): void {
    const { staleQueryMs } = this.settings();
    const since = this.monotonic();
    page.earlier = staleQueryMs > 0 ? [...page.earlier, page.current] : [];
    const oldest = page.earlier.findLastIndex((version) => version.since <= since - staleQueryMs);
    if (oldest > 0) page.earlier.splice(0, oldest);
    page.current = { ...page.current, ...changes, since, editedAt: this.now(), editedBy: editor };
  }

  /** The page as it was at that monotonic time; undefined when there was none yet. */
  versionAt(page: Page, at: number): PageVersion | undefined {
    if (page.bornAt > at) return undefined;
    if (page.current.since <= at) return page.current;
    return page.earlier.findLast((version) => version.since <= at) ?? page.earlier[0] ?? page.current;
  }
}

import { type Kind, notFound } from './errors.ts';
import { createHostedFiles, type HostedFiles } from './hosted-files.ts';
import { createIdSource, type IdSource } from './ids.ts';
import type { Database, DataSource, Page, PageVersion, Cell, Upload } from './model.ts';
import { type EmbeddedBoardOptions, type Settings, settingsOf } from './options.ts';

/** All that the board knows. */
export interface Workspace {
  readonly ids: IdSource;
  readonly botId: string;
  /** The one person of the workspace, who edits by hand. */
  readonly personId: string;
  readonly workspaceId: string;
  readonly rootPageId: string;
  readonly databases: Map<string, Database>;
  readonly dataSources: Map<string, DataSource>;
  readonly pages: Map<string, Page>;
  readonly uploads: Map<string, Upload>;
  /** Discussion id → the page it hangs on. */
  readonly discussions: Map<string, string>;
  readonly files: HostedFiles;
  /** Where the server listens, once it does. */
  origin: string;
  settings(): Settings;
  /** Wall-clock ms as this server sees it. */
  now(): number;
  monotonic(): number;
  page(id: string): Page;
  database(id: string): Database;
  dataSource(id: string): DataSource;
  addPage(home: PageHome, values: ReadonlyMap<string, Cell>, author: string, appearance?: PageAppearance): Page;
  /** Replaces parts of a page's content, and stamps the edit. */
  revise(page: Page, changes: Partial<Omit<PageVersion, 'since' | 'editedAt' | 'editedBy'>>, editor: string): void;
  /** The page as it was at that monotonic time; undefined when there was none yet. */
  versionAt(page: Page, at: number): PageVersion | undefined;
}

type PageHome = { dataSource: DataSource } | { parentPageId: string | undefined };
type PageAppearance = Partial<Pick<PageVersion, 'icon' | 'cover'>>;

export function createWorkspace(options: EmbeddedBoardOptions): Workspace {
  const settings = () => settingsOf(options);
  const { clock, random } = settings();
  const ids = createIdSource(random);
  const now = () => clock.now() + settings().clockSkewMs;
  const monotonic = () => clock.monotonic();
  let pagesMade = 0;

  const shared = <Thing>(kind: Kind, things: Map<string, Thing>, id: string): Thing => {
    const thing = things.get(id);
    const { shared, connectionName } = settings();
    if (thing === undefined || !shared) throw notFound(kind, id, connectionName);
    return thing;
  };

  const workspace: Workspace = {
    ids,
    botId: ids.uuid(),
    personId: ids.uuid(),
    workspaceId: ids.uuid(),
    rootPageId: ids.uuid(),
    databases: new Map(),
    dataSources: new Map(),
    pages: new Map(),
    uploads: new Map(),
    discussions: new Map(),
    files: createHostedFiles({
      now,
      origin: () => workspace.origin,
      maxHeldBytes: () => settings().maxHeldBytes,
      key: ids.uuid(),
    }),
    origin: '',
    settings,
    now,
    monotonic,
    page: (id) => shared('page', workspace.pages, id),
    database: (id) => shared('database', workspace.databases, id),
    dataSource: (id) => shared('data source', workspace.dataSources, id),
    addPage(home, values, author, appearance = {}) {
      pagesMade += 1;
      const at = now();
      const since = monotonic();
      const dataSource = 'dataSource' in home ? home.dataSource : undefined;
      const page: Page = {
        id: pagesMade === 1 ? workspace.rootPageId : ids.uuid(),
        order: pagesMade,
        bornAt: since,
        createdAt: at,
        createdBy: author,
        dataSource,
        parentPageId: 'dataSource' in home ? undefined : home.parentPageId,
        current: {
          since,
          values: dataSource ? numbered(dataSource, values) : values,
          inTrash: false,
          isArchived: false,
          isLocked: false,
          icon: appearance.icon ?? null,
          cover: appearance.cover ?? null,
          editedAt: at,
          editedBy: author,
        },
        earlier: [],
        blocks: [],
        writes: 0,
      };
      workspace.pages.set(page.id, page);
      dataSource?.pages.push(page);
      return page;
    },
    revise(page, changes, editor) {
      const { staleQueryMs } = settings();
      const since = monotonic();
      if (staleQueryMs > 0) {
        page.earlier.push(page.current);
        const oldest = page.earlier.findLastIndex((version) => version.since <= since - staleQueryMs);
        if (oldest > 0) page.earlier.splice(0, oldest);
      } else {
        page.earlier.length = 0;
      }
      page.current = { ...page.current, ...changes, since, editedAt: now(), editedBy: editor };
    },
    versionAt(page, at) {
      if (page.bornAt > at) return undefined;
      if (page.current.since <= at) return page.current;
      return page.earlier.findLast((version) => version.since <= at) ?? page.earlier[0] ?? page.current;
    },
  };
  return workspace;
}

/** The row's cells with the next number in its unique id columns. */
function numbered(dataSource: DataSource, values: ReadonlyMap<string, Cell>): ReadonlyMap<string, Cell> {
  dataSource.lastUniqueId += 1;
  const number = dataSource.lastUniqueId;
  const columns = dataSource.properties.filter((property) => property.type === 'unique_id');
  return new Map([...values, ...columns.map(({ id }) => [id, { type: 'unique_id', content: number }] as const)]);
}

import type { Handler } from './call.ts';
import { retrieveDataSource, updateDataSource } from './data-sources.ts';
import { createDatabase, retrieveDatabase } from './databases.ts';
import { invalid } from './errors.ts';
import { createFileUpload, retrieveFileUpload, sendFileUpload } from './file-uploads.ts';
import { normalizeId } from './ids.ts';
import type { Capabilities } from './options.ts';
import { createPage, retrievePage, updatePage } from './pages.ts';
import { queryDataSource } from './query.ts';
import { retrieveMe, search } from './search.ts';

type Allows = (granted: Capabilities) => boolean;

/** One thing the API can be asked. */
export interface Route {
  name: string;
  method: string;
  path: readonly string[];
  handle: Handler;
  /** May a connection with these capabilities ask it? */
  allows: Allows;
}

const anyone: Allows = () => true;
const read: Allows = ({ readContent }) => readContent;
const update: Allows = ({ updateContent }) => updateContent;
const insert: Allows = ({ insertContent }) => insertContent;
const both: Allows = (granted) => update(granted) && insert(granted);
const either: Allows = (granted) => update(granted) || insert(granted);

const routes: readonly Route[] = [
  route('users.me', 'GET /v1/users/me', retrieveMe, anyone),
  route('databases.retrieve', 'GET /v1/databases/:database_id', retrieveDatabase, read),
  route('databases.create', 'POST /v1/databases', createDatabase, insert),
  route('dataSources.retrieve', 'GET /v1/data_sources/:data_source_id', retrieveDataSource, read),
  route('dataSources.query', 'POST /v1/data_sources/:data_source_id/query', queryDataSource, read),
  route('dataSources.update', 'PATCH /v1/data_sources/:data_source_id', updateDataSource, both),
  route('pages.retrieve', 'GET /v1/pages/:page_id', retrievePage, read),
  route('pages.create', 'POST /v1/pages', createPage, insert),
  route('pages.update', 'PATCH /v1/pages/:page_id', updatePage, update),
  route('fileUploads.create', 'POST /v1/file_uploads', createFileUpload, either),
  route('fileUploads.retrieve', 'GET /v1/file_uploads/:file_upload_id', retrieveFileUpload, either),
  route('fileUploads.send', 'POST /v1/file_uploads/:file_upload_id/send', sendFileUpload, either),
  route('search', 'POST /v1/search', search, read),
];

function route(name: string, address: string, handle: Handler, allows: Allows): Route {
  const [method = '', path = ''] = address.split(' ');
  return { name, method, path: path.split('/').slice(1), handle, allows };
}

/** The route of a request, with its raw path parameters; undefined when there is none. */
export function findRoute(method: string, path: string): { route: Route; raw: Record<string, string> } | undefined {
  const segments = path.split('/').slice(1);
  const found = routes.find(
    (each) =>
      each.method === method &&
      each.path.length === segments.length &&
      each.path.every((part, index) => part.startsWith(':') || part === segments[index]),
  );
  if (found === undefined) return undefined;
  const named = found.path.flatMap((part, index) =>
    part.startsWith(':') ? [[part.slice(1), segments[index] ?? ''] as const] : [],
  );
  return { route: found, raw: Object.fromEntries(named) };
}

/** The path's ids, made dashed and lower-case. */
export function readParams(raw: Readonly<Record<string, string>>): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    const normal = normalizeId(value);
    if (normal === undefined) {
      throw invalid(
        `path failed validation: path.${name} should be a valid uuid, instead was \`${JSON.stringify(value)}\`.`,
      );
    }
    params[name] = normal;
  }
  return params;
}

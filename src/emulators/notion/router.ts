import { appendChildren, listBlocks } from './blocks.ts';
import type { Handler } from './call.ts';
import { createComment } from './comments.ts';
import { createDataSource, retrieveDataSource, updateDataSource } from './data-sources.ts';
import { createDatabase, retrieveDatabase, updateDatabase } from './databases.ts';
import { invalid } from './errors.ts';
import {
  completeFileUpload,
  createFileUpload,
  listFileUploads,
  retrieveFileUpload,
  sendFileUpload,
} from './file-uploads.ts';
import { normalizeId } from './ids.ts';
import type { Capabilities } from './options.ts';
import { createPage, retrievePage, retrievePageProperty, updatePage } from './pages.ts';
import { queryDataSource } from './query.ts';
import { search } from './search.ts';
import { retrieveMe } from './users.ts';

type Need = keyof Capabilities;

/** One thing the API can be asked. */
export interface Route {
  name: string;
  method: string;
  path: readonly string[];
  handle: Handler;
  /** All of these. */
  needs?: readonly Need[];
  /** At least one of these. */
  needsOne?: readonly Need[];
}

const read: readonly Need[] = ['readContent'];
const update: readonly Need[] = ['updateContent'];
const insert: readonly Need[] = ['insertContent'];
const write: readonly Need[] = ['updateContent', 'insertContent'];

const routes: readonly Route[] = [
  route('users.me', 'GET /v1/users/me', retrieveMe),
  route('databases.retrieve', 'GET /v1/databases/:database_id', retrieveDatabase, { needs: read }),
  route('databases.create', 'POST /v1/databases', createDatabase, { needs: insert }),
  route('databases.update', 'PATCH /v1/databases/:database_id', updateDatabase, { needs: update }),
  route('dataSources.retrieve', 'GET /v1/data_sources/:data_source_id', retrieveDataSource, { needs: read }),
  route('dataSources.query', 'POST /v1/data_sources/:data_source_id/query', queryDataSource, { needs: read }),
  route('dataSources.create', 'POST /v1/data_sources', createDataSource, { needs: insert }),
  route('dataSources.update', 'PATCH /v1/data_sources/:data_source_id', updateDataSource, { needs: write }),
  route('pages.retrieve', 'GET /v1/pages/:page_id', retrievePage, { needs: read }),
  route('pages.create', 'POST /v1/pages', createPage, { needs: insert }),
  route('pages.update', 'PATCH /v1/pages/:page_id', updatePage, { needs: update }),
  route('pages.properties.retrieve', 'GET /v1/pages/:page_id/properties/:property_id', retrievePageProperty, {
    needs: read,
  }),
  route('fileUploads.create', 'POST /v1/file_uploads', createFileUpload, { needsOne: write }),
  route('fileUploads.list', 'GET /v1/file_uploads', listFileUploads, { needsOne: write }),
  route('fileUploads.retrieve', 'GET /v1/file_uploads/:file_upload_id', retrieveFileUpload, { needsOne: write }),
  route('fileUploads.send', 'POST /v1/file_uploads/:file_upload_id/send', sendFileUpload, { needsOne: write }),
  route('fileUploads.complete', 'POST /v1/file_uploads/:file_upload_id/complete', completeFileUpload, {
    needsOne: write,
  }),
  route('blocks.children.list', 'GET /v1/blocks/:block_id/children', listBlocks, { needs: read }),
  route('blocks.children.append', 'PATCH /v1/blocks/:block_id/children', appendChildren, { needs: insert }),
  route('comments.create', 'POST /v1/comments', createComment, { needs: ['insertComments'] }),
  route('search', 'POST /v1/search', search, { needs: read }),
];

function route(name: string, address: string, handle: Handler, needs: Pick<Route, 'needs' | 'needsOne'> = {}): Route {
  const [method = '', path = ''] = address.split(' ');
  return { name, method, path: path.split('/').slice(1), handle, ...needs };
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

/** The path's parameters, with ids made dashed and lower-case. */
export function readParams(raw: Readonly<Record<string, string>>): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    const normal = name === 'property_id' ? decode(value) : normalizeId(value);
    if (normal === undefined) {
      throw invalid(
        `path failed validation: path.${name} should be a valid uuid, instead was \`${JSON.stringify(value)}\`.`,
      );
    }
    params[name] = normal;
  }
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

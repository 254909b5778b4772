import type { Exchange } from './notion-schemas.ts';

/** An id for everything. */
export const id = '2f26ee68-df30-4251-aad4-8ddc420cba3d';
/** A time for everything. */
export const time = '2026-11-21T10:00:00.000Z';
const annotations = {
  bold: false,
  italic: false,
  strikethrough: false,
  underline: false,
  code: false,
  color: 'default',
};
/** One piece of rich text. */
export const text = {
  type: 'text',
  text: { content: 'A cup', link: null },
  annotations,
  plain_text: 'A cup',
  href: null,
};
const user = { object: 'user', id };
const trash = { in_trash: false, is_archived: false };
const stamps = { created_time: time, last_edited_time: time, created_by: user, last_edited_by: user };
/** A row as Notion answers with it under 2026-03-11. */
export const page = {
  object: 'page',
  id,
  ...stamps,
  ...trash,
  is_locked: false,
  url: 'https://www.notion.so/row',
  public_url: null,
  parent: { type: 'data_source_id', data_source_id: id, database_id: id },
  icon: null,
  cover: null,
  properties: {
    Name: { id: 'title', type: 'title', title: [text] },
    Status: { id: 'a', type: 'status', status: { id: 'b', name: 'Generating', color: 'blue' } },
    Image: {
      id: 'c',
      type: 'files',
      files: [{ name: 'a.png', type: 'file', file: { url: 'https://files.example/a', expiry_time: time } }],
    },
  },
};
/** A database with one data source. */
export const database = {
  object: 'database',
  id,
  title: [text],
  description: [],
  parent: { type: 'page_id', page_id: id },
  is_inline: false,
  ...trash,
  is_locked: false,
  created_time: time,
  last_edited_time: time,
  data_sources: [{ id, name: 'Posts' }],
  icon: null,
  cover: null,
  url: 'https://www.notion.so/board',
  public_url: null,
};
/** The data source of a board. */
export const dataSource = {
  object: 'data_source',
  id,
  title: [text],
  description: [],
  parent: { type: 'database_id', database_id: id },
  database_parent: { type: 'page_id', page_id: id },
  is_inline: false,
  ...trash,
  ...stamps,
  icon: null,
  cover: null,
  url: 'https://www.notion.so/board',
  public_url: null,
  properties: {
    Name: { id: 'title', name: 'Name', description: null, type: 'title', title: {} },
    Model: { id: 'd', name: 'Model', description: null, type: 'select', select: { options: [] } },
  },
};
/** A file upload whose bytes have arrived. */
export const upload = {
  object: 'file_upload',
  id,
  created_time: time,
  created_by: { id, type: 'bot' },
  last_edited_time: time,
  in_trash: false,
  expiry_time: null,
  status: 'uploaded',
  filename: 'a.png',
  content_type: 'image/png',
  content_length: 9,
};
/** An image block. */
export const block = {
  object: 'block',
  id,
  ...stamps,
  in_trash: false,
  has_children: false,
  parent: { type: 'page_id', page_id: id },
  type: 'image',
  image: { type: 'file', file: { url: 'https://files.example/a', expiry_time: time }, caption: [] },
};
/** A comment of the worker. */
export const comment = {
  object: 'comment',
  id,
  parent: { type: 'page_id', page_id: id },
  discussion_id: id,
  created_time: time,
  last_edited_time: time,
  created_by: user,
  rich_text: [text],
  display_name: { type: 'integration', resolved_name: 'Worker' },
};
/** The token's own user. */
export const bot = {
  object: 'user',
  id,
  name: 'Worker',
  avatar_url: null,
  type: 'bot',
  bot: {
    owner: { type: 'workspace', workspace: true },
    workspace_id: id,
    workspace_name: 'Team',
    workspace_limits: { max_file_upload_size_in_bytes: 5_242_880 },
  },
};
/** A rich text value to write. */
export const words = (content: string) => ({ rich_text: [{ text: { content } }] });

/** A list's only page. */
export function list(type: string, ...results: unknown[]) {
  return { object: 'list', type, [type]: {}, results, next_cursor: null, has_more: false };
}

/** An exchange from a line such as `GET pages/…`, the body sent and the body answered. */
export function exchange(route: string, requestBody: unknown, responseBody: object): Exchange {
  const [method = '', address = ''] = route.split(' ');
  const { pathname, searchParams } = new URL(`https://api.notion.com/v1/${address}`);
  const answer = { ...responseBody, request_id: id };
  return {
    method,
    path: pathname,
    query: searchParams,
    notionVersion: '2026-03-11',
    requestBody,
    status: 200,
    responseBody: answer,
  };
}

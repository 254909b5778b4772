import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { APIErrorCode } from '@notionhq/client';
import * as client from '@notionhq/client/build/src/api-endpoints.js';
import { z } from 'zod';
import { compileSchema, isRecord, loadSchemas, pathOf } from './json-schemas.ts';
import type { Schema } from './json-schemas.ts';
import { checkLimits } from './notion-limits.ts';

/** One request to Notion and its answer, as they went over the wire. */
export interface Exchange {
  method: string;
  /** For example `/v1/pages/…`. */
  path: string;
  query: URLSearchParams;
  notionVersion?: string;
  /** Parsed JSON, or undefined. */
  requestBody: unknown;
  status: number;
  /** Parsed JSON, or the text of an answer that is not JSON. */
  responseBody: unknown;
}

/** Tells in words what breaks Notion's contract in an exchange; nothing when it is fine. */
export interface NotionContract {
  check(exchange: Exchange): string[];
}

/** What the client's own table of endpoints says of one. */
interface Endpoint {
  method: string;
  pathParams: readonly string[];
  queryParams: readonly string[];
  bodyParams: readonly string[];
  formDataParams?: readonly string[];
  path(ids: typeof placeholders): string;
}

interface Route {
  /** For people, for example `PATCH /v1/pages/{page_id}`. */
  label: string;
  pattern: RegExp;
  endpoint: Endpoint;
  requestType: string;
  responseType: string;
}

type Validate = (type: string, version: string, value: unknown, path: string) => string[];

const placeholders = {
  block_id: '{block_id}',
  data_source_id: '{data_source_id}',
  database_id: '{database_id}',
  file_upload_id: '{file_upload_id}',
  page_id: '{page_id}',
  property_id: '{property_id}',
};

const routes = (
  [
    'getSelf',
    'getDatabase',
    'createDatabase',
    'getDataSource',
    'queryDataSource',
    'updateDataSource',
    'createDataSource',
    'getPage',
    'createPage',
    'updatePage',
    'getPageProperty',
    'createFileUpload',
    'getFileUpload',
    'listFileUploads',
    'sendFileUpload',
    'completeFileUpload',
    'listBlockChildren',
    'appendBlockChildren',
    'createComment',
    'search',
  ] as const
).map((name): Route => {
  const endpoint: Endpoint = client[name];
  const path = `/v1/${endpoint.path(placeholders)}`;
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  return {
    endpoint,
    label: `${endpoint.method.toUpperCase()} ${path}`,
    pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
    requestType: `${type}Parameters`,
    responseType: `${type}Response`,
  };
});

/** The version that dropped `archived` and `after`. */
const newVersion = '2026-03-11';
const versions = ['2025-09-03', newVersion];

const uuidPattern = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** The API's codes beyond those the client knows (status codes page of the API reference, 2026-11). */
const moreErrorCodes = ['bad_gateway', 'missing_version', 'database_connection_unavailable', 'row_limit_exceeded'];

const errorBody = z.strictObject({
  object: z.literal('error'),
  status: z.number(),
  code: z.enum([...Object.values<string>(APIErrorCode), ...moreErrorCodes]),
  message: z.string().min(1),
  request_id: z.string().optional(),
  additional_data: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Loads the contract that the installed client's types and Notion's documented limits make. The first load after an
 * install takes seconds; test/support/schemas.ts does it before all tests.
 */
export async function loadNotionContract(): Promise<NotionContract> {
  const manifestPath = createRequire(import.meta.url).resolve('@notionhq/client/package.json');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(manifestPath, 'utf8')));
  const folder = dirname(manifestPath);
  const types = routes.flatMap(({ endpoint, requestType, responseType }) =>
    endpoint.formDataParams ? [responseType] : [requestType, responseType],
  );
  const schemas = await loadSchemas(
    join(folder, 'build/src/api-endpoints.d.ts'),
    types,
    join(folder, '../../.cache/notion-schemas', `${version}.json`),
  );
  const validate = validator(schemas);
  return {
    check(exchange) {
      const route = routes.find(
        ({ endpoint, pattern }) => endpoint.method === exchange.method.toLowerCase() && pattern.test(exchange.path),
      );
      if (!route) return [`${exchange.method} ${exchange.path}: no such route`];
      return [
        ...checkRequest(route, exchange, validate).map((problem) => `${route.label} request: ${problem}`),
        ...checkResponse(route, exchange, validate).map((problem) => `${route.label} response: ${problem}`),
      ];
    },
  };
}

function validator(schemas: Record<string, Schema>): Validate {
  const compiled = new Map<string, ReturnType<typeof compileSchema>>();
  return (type, version, value, path) => {
    const key = `${type} ${version}`;
    let validate = compiled.get(key);
    if (!validate) {
      const schema = schemas[type];
      if (!schema) throw new Error(`there is no schema of ${type}`);
      validate = compileSchema(type.endsWith('Response') ? responseSchema(schema, version) : schema);
      compiled.set(key, validate);
    }
    return validate(value, path);
  };
}

/** The client's types hold for every version at once: the new one answers without `archived`, any may answer `is_archived`. */
function responseSchema(schema: Schema, version: string): Schema {
  const copy = structuredClone(schema);
  const adapt = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(adapt);
    if (!isRecord(node)) return;
    const { properties, required } = node;
    if (isRecord(properties) && isRecord(properties['in_trash'])) {
      properties['is_archived'] ??= { type: 'boolean' };
      if (version === newVersion) {
        delete properties['archived'];
        if (Array.isArray(required)) node['required'] = required.filter((key) => key !== 'archived');
      }
    }
    Object.values(node).forEach(adapt);
  };
  adapt(copy);
  return copy;
}

function checkRequest(route: Route, exchange: Exchange, validate: Validate): string[] {
  const { endpoint } = route;
  const { notionVersion, requestBody } = exchange;
  const version = versionOf(exchange);
  const ids: Record<string, string> = route.pattern.exec(exchange.path)?.groups ?? {};
  const problems = Object.entries(ids)
    .filter(([key, id]) => key !== 'property_id' && !uuidPattern.test(id))
    .map(([key, id]) => `${key} ${JSON.stringify(id)} is not a uuid`);
  if (notionVersion !== version) problems.push(`Notion-Version is ${notionVersion}, not ${versions.join(' or ')}`);
  if (endpoint.formDataParams) return problems;

  const query = readQuery(exchange.query);
  const body = requestBody ?? {};
  if (!isRecord(body)) return [...problems, 'body is not an object'];
  if (endpoint.method === 'get' && requestBody !== undefined) problems.push('body must not be there');
  problems.push(...strangers(query, endpoint.queryParams, 'query'), ...strangers(body, endpoint.bodyParams, 'body'));

  const bodyPath = endpoint.bodyParams.length > 0 ? 'body' : 'query';
  const known = { ...pick(query, endpoint.queryParams), ...pick(body, endpoint.bodyParams) };
  problems.push(...validate(route.requestType, version, { ...ids, ...known }, bodyPath));
  if (isPaged(route, exchange)) problems.push(...checkPageSize(known['page_size'], bodyPath));
  if (version === newVersion) {
    const dropped = ['archived', 'after', ...(endpoint === client.queryDataSource ? ['in_trash'] : [])];
    const sent = Object.keys(pick(known, dropped));
    problems.push(...sent.map((key) => `${pathOf(bodyPath, key)} is not taken under ${newVersion}`));
  }
  return [...problems, ...checkLimits(body)];
}

function versionOf({ notionVersion }: Exchange): string {
  return versions.find((version) => version === notionVersion) ?? newVersion;
}

/** A page property is a list only when its answer says so. */
function isPaged({ endpoint }: Route, { responseBody }: Exchange): boolean {
  if (endpoint === client.getPageProperty) return isRecord(responseBody) && responseBody['object'] === 'list';
  return [...endpoint.queryParams, ...endpoint.bodyParams].includes('page_size');
}

function checkPageSize(size: unknown, path: string): string[] {
  if (size === undefined) return [`${path}.page_size is missing`];
  const fits = typeof size === 'number' && Number.isInteger(size) && size >= 1 && size <= 100;
  return fits ? [] : [`${path}.page_size is ${JSON.stringify(size)}, not a whole number from 1 to 100`];
}

/** Query values as the types have them; the documentation writes `filter_properties[]`, the client `filter_properties`. */
function readQuery(query: URLSearchParams): Record<string, unknown> {
  const names = [...new Set(query.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const key = name.replace(/\[\]$/, '');
      const values = query.getAll(name);
      if (key === 'filter_properties') return [key, values];
      if (values.length > 1) return [key, values];
      return [key, key === 'page_size' ? Number(values[0]) : values[0]];
    }),
  );
}

function strangers(record: Record<string, unknown>, known: readonly string[], path: string): string[] {
  const keys = Object.keys(record).filter((key) => !known.includes(key));
  return keys.map((key) => `${pathOf(path, key)} is not known there`);
}

function pick(record: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keys.includes(key)));
}

function checkResponse(route: Route, exchange: Exchange, validate: Validate): string[] {
  const { status, responseBody } = exchange;
  if (status >= 400) return checkError(status, responseBody);
  if (status !== 200) return [`status is ${status}, not 200`];
  if (!isRecord(responseBody)) return ['body is not an object'];
  const { request_id: requestId = '', ...body } = responseBody;
  const problems = validate(route.responseType, versionOf(exchange), body, 'body');
  if (typeof requestId !== 'string') problems.push('body.request_id is not a string');
  if (body['object'] === 'list' && body['has_more'] !== (body['next_cursor'] !== null)) {
    problems.push('body.has_more and body.next_cursor contradict each other');
  }
  return problems;
}

/** Notion's edge answers some failures with a page of HTML. */
function checkError(status: number, body: unknown): string[] {
  if (typeof body === 'string' && (status >= 500 || status === 413)) return [];
  const { data, error } = errorBody.safeParse(body);
  if (error) return error.issues.map(({ path, message }) => `${['body', ...path].join('.')}: ${message}`);
  return data.status === status ? [] : [`body.status is ${data.status}, the answer's is ${status}`];
}

import { afterEach } from 'vitest';

import type { Clock } from '../../../src/lib/clock.ts';
import { silentLog } from '../../../src/lib/log.ts';
import {
  createNotionClient,
  type NotionCall,
  type NotionClient,
  type NotionClientOptions,
} from '../../../src/notion/client/client.ts';
import { testStart } from '../fake-clock.ts';
import { type Act, type FaultServer, json, refusal, startFaultServer } from './fault-server.ts';

/** The token the tests' clients have. */
export const token = 'ntn_secret';
export const pageId = '11111111-1111-4111-8111-111111111111';

const servers: FaultServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A client, and a server that plays the script to it; closed after the test. */
export async function setUp(script: Act[], options: Partial<NotionClientOptions> & { clock: Clock }) {
  const server = await startFaultServer(...script);
  servers.push(server);
  const notion = createNotionClient({
    token,
    apiUrl: server.url,
    requestsPerMinute: 1000,
    random: () => 0.5,
    log: silentLog,
    signal: new AbortController().signal,
    ...options,
  });
  return { server, notion };
}

export const me = (notion: NotionClient, options: Partial<NotionCall> = {}) =>
  notion.call({ doing: 'look at the token', ...options }, (client) => client.users.me({}));

export const patch = (notion: NotionClient, options: Partial<NotionCall> = {}) =>
  notion.call({ doing: 'write the row', ...options }, (client) =>
    client.pages.update({ page_id: pageId, properties: {} }),
  );

export const query = (notion: NotionClient, options: Partial<NotionCall> = {}) =>
  notion.call({ doing: 'read the board', ...options }, (client) =>
    client.dataSources.query({ data_source_id: pageId }),
  );

export const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

export const okAt = (ms: number) => json(200, {}, { date: new Date(testStart + ms).toUTCString() });

export const notFound = (message = 'Could not find page with ID') => refusal(404, 'object_not_found', message);

export const restricted = (additional_data: Record<string, string> = {}) =>
  refusal(403, 'restricted_resource', 'Insufficient permissions for this endpoint.', { additional_data });

export const rateLimited = (headers: Record<string, string> = {}, additional_data: Record<string, string> = {}) =>
  refusal(429, 'rate_limited', 'You have been rate limited.', { headers, additional_data });

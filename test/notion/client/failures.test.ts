import { describe, expect, it } from 'vitest';

import { ConfigError } from '../../../src/core/errors.ts';
import type { NotionClient } from '../../../src/notion/client/client.ts';
import { answeredStatus } from '../../../src/notion/client/problem.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { type Act, ok, page, refusal } from '../../support/notion/fault-server.ts';
import { failure, me, notFound, pageId, patch, query, restricted, setUp } from '../../support/notion/setup.ts';

describe('a refusal', () => {
  const cases: [string, Act, (notion: NotionClient) => Promise<unknown>, object][] = [
    [
      'a wrong token',
      refusal(401, 'unauthorized', 'API token is invalid.'),
      me,
      { name: 'ConfigError', message: expect.stringContaining('check NOTION_TOKEN') },
    ],
    [
      'no right to read',
      restricted(),
      query,
      { name: 'ConfigError', message: expect.stringContaining('“Read content”') },
    ],
    [
      'no right to update',
      restricted(),
      patch,
      { name: 'ConfigError', message: expect.stringContaining('“Update content”') },
    ],
    [
      'no right to see users',
      restricted(),
      me,
      { name: 'ConfigError', message: expect.stringContaining('“Read user information”') },
    ],
    [
      'no blocks left',
      restricted({ block_limit: 'block_creation' }),
      patch,
      { name: 'ConfigError', message: expect.stringContaining('free plan') },
    ],
    ['a deleted row', notFound(), patch, { name: 'BoardError', failure: 'gone' }],
    [
      'a trashed row',
      refusal(
        400,
        'validation_error',
        "Can't edit block that is archived. You must unarchive the block before editing.",
      ),
      patch,
      { name: 'BoardError', failure: 'gone' },
    ],
    [
      'an unknown upload',
      notFound('Could not find file_upload with ID: X.'),
      patch,
      { name: 'BoardError', failure: 'refused' },
    ],
    [
      'an unshared database',
      notFound('Could not find database'),
      query,
      { name: 'ConfigError', message: expect.stringContaining('NOTION_DATABASE_ID') },
    ],
    [
      'a wrong value',
      refusal(400, 'validation_error', 'X is expected\nto be\u0007 select.'),
      patch,
      {
        name: 'BoardError',
        failure: 'refused',
        message: 'Notion refused to write the row: X is expected to be select.',
      },
    ],
    [
      'a wrong filter',
      refusal(400, 'validation_error', 'Could not find property.'),
      query,
      { name: 'BoardError', failure: 'refused' },
    ],
    [
      'a code the client does not know',
      refusal(400, 'missing_version', 'No version.'),
      me,
      { name: 'BoardError', failure: 'refused', message: expect.stringContaining('No version.') },
    ],
    ['a body that is too large', page(413, '<html>'), patch, { name: 'BoardError', failure: 'refused' }],
    [
      'a gateway’s 403',
      page(403, '<html>'),
      patch,
      {
        name: 'BoardError',
        failure: 'unreachable',
        message: expect.stringContaining('something in between answered with status 403'),
      },
    ],
  ];

  it.each(cases)('for %s is told in words, at once', async (_name, act, ask, expected) => {
    const { server, notion } = await setUp([act], { clock: createFakeClock() });
    const error = await failure(ask(notion));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject(expected);
    expect(server.requests).toHaveLength(1);
    expect(answeredStatus(error)).toEqual(expect.any(Number));
  });

  it.each([
    [
      '“Insert content”',
      (notion: NotionClient) => notion.call({ doing: 'x' }, (client) => client.fileUploads.create({})),
    ],
    [
      '“Read content”',
      (notion: NotionClient) =>
        notion.call({ doing: 'x' }, (client) => client.databases.retrieve({ database_id: pageId })),
    ],
  ])('names the capability %s', async (name, ask) => {
    const { notion } = await setUp([restricted()], { clock: createFakeClock() });
    const error = await failure(ask(notion));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(name);
  });

  it('keeps the status within reach, also with a code that the official client does not know', async () => {
    const { notion } = await setUp([refusal(400, 'missing_version', 'No version.')], { clock: createFakeClock() });
    expect(answeredStatus(await failure(me(notion)))).toBe(400);
    expect(answeredStatus(new Error('mine'))).toBeUndefined();
  });

  it('quotes no more than 200 characters, and cuts none in two', async () => {
    const { notion } = await setUp([refusal(400, 'validation_error', '😀'.repeat(500))], {
      clock: createFakeClock(),
    });
    const error = await failure(patch(notion));
    expect(error).toMatchObject({ message: `Notion refused to write the row: ${'😀'.repeat(199)}…` });
  });

  it('is also an id that would leave its path', async () => {
    const { server, notion } = await setUp([ok], { clock: createFakeClock() });
    const work = notion.call({ doing: 'read it' }, (client) => client.pages.retrieve({ page_id: '../users' }));
    expect(await failure(work)).toMatchObject({ name: 'BoardError', failure: 'refused' });
    expect(server.requests).toHaveLength(0);
  });
});

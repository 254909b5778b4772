import { beforeAll, describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/emulators/notion/server.ts';
import { loadNotionContract, type NotionContract } from '../../contracts/notion-schemas.ts';
import { setUp, upload } from '../../support/emulators/setup.ts';

let contract: NotionContract;
beforeAll(async () => {
  contract = await loadNotionContract();
});

describe('the shapes of the embedded board', () => {
  it('are those of the client, on every route', async () => {
    const { board, client, database } = await setUp();
    const exchanges: Exchange[] = [];
    board.onExchange((exchange) => exchanges.push(exchange));
    const everything = {
      Name: 'A post',
      Prompt: 'A hill',
      Model: 'sd',
      Tags: ['a', 'b'],
      Steps: 4,
      Link: 'https://example.com',
      Done: true,
      Due: '2026-11-22',
      Image: [
        { name: 'x.png', bytes: new Uint8Array(4) },
        { name: 'y', url: 'https://example.com/y.png' },
      ],
    };
    const pageId = database.addRow(everything);
    database.addRow({});

    await client.users.me({});
    await client.databases.retrieve({ database_id: database.id });
    await client.databases.create({
      parent: { type: 'page_id', page_id: board.rootPageId },
      title: [{ text: { content: 'Init' } }],
      initial_data_source: {
        properties: {
          Name: { title: {} },
          Status: { status: {} },
          Kind: { select: { options: [{ name: 'a' }] } },
          Cost: { number: {} },
        },
      },
    });
    await client.dataSources.update({
      data_source_id: database.dataSourceId,
      properties: { Second: { files: {} } },
    });
    await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    await client.dataSources.query({
      data_source_id: database.dataSourceId,
      filter: {
        or: [
          { property: 'Image', files: { is_empty: true } },
          { property: 'Steps', number: { equals: 4 } },
        ],
      },
      sorts: [{ timestamp: 'created_time', direction: 'ascending' }],
      page_size: 10,
    });
    const uploadId = await upload(client);
    await client.fileUploads.retrieve({ file_upload_id: uploadId });
    await client.pages.retrieve({ page_id: board.rootPageId });
    await client.pages.create({
      parent: { data_source_id: database.dataSourceId },
      properties: { Name: { title: [{ text: { content: 'New', link: { url: 'https://example.com' } } }] } },
    });
    await client.pages.update({
      page_id: pageId,
      properties: {
        Image: { files: [{ file_upload: { id: uploadId } }] },
        Prompt: { rich_text: [{ text: { content: 'A hill' } }] },
      },
    });
    await client.search({
      query: 'post',
      filter: { property: 'object', value: 'page' },
      page_size: 10,
    });

    expect(exchanges.map((exchange) => exchange.status)).toEqual(exchanges.map(() => 200));
    expect(new Set(exchanges.map((exchange) => exchange.route)).size).toBe(13);
    expect(exchanges.flatMap((exchange) => contract.check(exchange))).toEqual([]);
    // ajv compiles a schema of the client's for each of 13 routes, both ways.
  });
});

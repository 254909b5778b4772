import { beforeAll, describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/emulators/notion/server.ts';
import { loadNotionContract, type NotionContract } from '../../contracts/notion-schemas.ts';
import { imageBlob, setUp, upload } from '../../support/emulators/setup.ts';

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
      Mail: 'a@example.com',
      Phone: '1',
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
    const made = await client.databases.create({
      parent: { type: 'page_id', page_id: board.rootPageId },
      title: [{ text: { content: 'Init' } }],
      initial_data_source: {
        properties: {
          Name: { title: {} },
          Status: { status: {} },
          Kind: { select: { options: [{ name: 'a' }] } },
          Cost: { number: {} },
          No: { unique_id: {} },
        },
      },
    });
    await client.databases.update({
      database_id: made.id,
      description: [{ text: { content: 'd' } }],
      icon: { emoji: '🎨' },
      cover: { external: { url: 'https://example.com/c.png' } },
      is_locked: true,
    });
    const source = await client.dataSources.create({
      parent: { database_id: made.id },
      properties: { Name: { title: {} } },
      title: [{ text: { content: 'Second' } }],
    });
    await client.dataSources.update({ data_source_id: source.id, properties: { Image: { files: {} } } });
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
    await client.fileUploads.list({ status: 'uploaded', page_size: 10 });
    const parts = await client.fileUploads.create({ mode: 'multi_part', filename: 'b.png', number_of_parts: 1 });
    await client.fileUploads.send({
      file_upload_id: parts.id,
      file: { filename: 'b.png', data: imageBlob() },
      part_number: '1',
    });
    await client.fileUploads.complete({ file_upload_id: parts.id });
    await client.pages.retrieve({ page_id: board.rootPageId });
    const created = await client.pages.create({
      parent: { data_source_id: database.dataSourceId },
      properties: { Name: { title: [{ text: { content: 'New', link: { url: 'https://example.com' } } }] } },
      icon: { icon: { name: 'pizza', color: 'blue' } },
      cover: { file_upload: { id: uploadId } },
      children: [{ paragraph: { rich_text: [{ equation: { expression: 'x' } }] } }],
    });
    await client.pages.update({
      page_id: pageId,
      properties: {
        Image: { files: [{ file_upload: { id: uploadId } }] },
        People: { people: [{ id: board.rootPageId }] },
        Prompt: { rich_text: [{ mention: { date: { start: '2026-11-21' } } }] },
      },
      icon: { file_upload: { id: uploadId } },
    });
    for (const name of ['Name', 'Prompt', 'People', 'Status', 'Image', 'Number', 'Made', 'Edited by', 'Due']) {
      await client.pages.properties.retrieve({ page_id: pageId, property_id: name, page_size: 10 });
    }
    await client.blocks.children.append({
      block_id: created.id,
      children: [{ image: { file_upload: { id: uploadId }, caption: [{ text: { content: 'c' } }] } }],
    });
    await client.blocks.children.list({ block_id: created.id, page_size: 10 });
    await client.comments.create({
      parent: { page_id: pageId },
      rich_text: [{ text: { content: 'Hello' } }],
      attachments: [{ file_upload_id: uploadId }],
    });
    await client.search({ query: 'post', page_size: 10 });

    expect(exchanges.map((exchange) => exchange.status)).toEqual(exchanges.map(() => 200));
    expect(new Set(exchanges.map((exchange) => exchange.route)).size).toBe(21);
    const problems = exchanges
      .filter((exchange) => exchange.route !== 'databases.update')
      .flatMap((exchange) => contract.check(exchange));
    expect(problems).toEqual([]);
    // ajv compiles a schema of the client's for each of 21 routes, both ways.
  });
});

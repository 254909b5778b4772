import { describe, expect, it } from 'vitest';
import { at, refusal, setUp, upload } from '../../support/emulators/setup.ts';

const paragraph = (content: string) => ({ paragraph: { rich_text: [{ text: { content } }] } });

async function page() {
  const setup = await setUp();
  const id = setup.database.addRow({ Name: 'Post' });
  const append = (children: ReturnType<typeof paragraph>[], extra: object = {}) =>
    setup.client.blocks.children.append({ block_id: id, children, ...extra });
  const texts = async () => {
    const { results } = await setup.client.blocks.children.list({ block_id: id });
    return results.map((block) => at(block, 'paragraph', 'rich_text', 0, 'plain_text'));
  };
  return { ...setup, id, append, texts };
}

describe("a page's blocks", () => {
  it('are added at the end, at the start and after another', async () => {
    const { append, texts } = await page();
    const { results } = await append([paragraph('b'), paragraph('d')]);
    await append([paragraph('a')], { position: { type: 'start' } });
    await append([paragraph('c')], { position: { type: 'after_block', after_block: { id: results[0]?.id } } });
    await append([paragraph('e')], { position: { type: 'end' } });
    expect(await texts()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('are not added after a block that is not there', async () => {
    const { append, id } = await page();
    const position = { type: 'after_block', after_block: { id } };
    expect(await refusal(append([paragraph('a')], { position }))).toContain('Could not find block');
    expect(await refusal(append([paragraph('a')], { position: { type: 'after_block' } }))).toContain(
      'body.position.after_block should be defined',
    );
  });

  it('take `after` only in the older version', async () => {
    const { append, call, id, texts } = await page();
    const { results } = await append([paragraph('a'), paragraph('c')]);
    const body = { children: [paragraph('b')], after: results[0]?.id };
    const path = `/blocks/${id}/children`;
    const refused = await call('PATCH', path, body);
    expect(at(await refused.json(), 'message')).toContain('body.after should be not present, instead was');
    expect((await call('PATCH', path, body, { 'notion-version': '2025-09-03' })).status).toBe(200);
    expect(await texts()).toEqual(['a', 'b', 'c']);
  });

  it('show an uploaded image behind a signed address', async () => {
    const { client, id } = await page();
    const image = { type: 'file_upload' as const, file_upload: { id: await upload(client) } };
    const { results } = await client.blocks.children.append({ block_id: id, children: [{ image }] });
    expect(at(results, 0, 'image')).toMatchObject({ type: 'file', caption: [] });
    expect((await fetch(String(at(results, 0, 'image', 'file', 'url')))).status).toBe(200);
  });

  it('are at most 100 at once, and of the kinds served', async () => {
    const { append, call, id } = await page();
    const many = Array.from({ length: 101 }, () => paragraph('x'));
    expect(await refusal(append(many))).toContain('body.children.length should be ≤ `100`, instead was `101`');
    const other = await call('PATCH', `/blocks/${id}/children`, { children: [{ divider: {} }] });
    expect(at(await other.json(), 'message')).toContain('body.children[0].divider should be not present');
    const long = await call('PATCH', `/blocks/${id}/children`, {
      children: [paragraph('a'), paragraph('x'.repeat(2001))],
    });
    expect(at(await long.json(), 'message')).toBe(
      'body failed validation: body.children[1].paragraph.rich_text[0].text.content.length should be ≤ `2000`, instead was `2001`.',
    );
  });

  it('come with a new page and go when its content is erased', async () => {
    const { client, database } = await page();
    const made = await client.pages.create({
      parent: { data_source_id: database.dataSourceId },
      children: [paragraph('a')],
    });
    const list = () => client.blocks.children.list({ block_id: made.id });
    expect((await list()).results).toHaveLength(1);
    await client.pages.update({ page_id: made.id, erase_content: true });
    expect((await list()).results).toEqual([]);
  });

  it('come in pages', async () => {
    const { append, client, id } = await page();
    const { results } = await append([paragraph('a'), paragraph('b')]);
    const first = await client.blocks.children.list({ block_id: id, page_size: 1 });
    expect(first).toMatchObject({ has_more: true, next_cursor: results[1]?.id });
  });
});

describe('a comment', () => {
  it('is made on a page and goes on in its discussion', async () => {
    const { client, id, database } = await page();
    const first = await client.comments.create({ parent: { page_id: id }, markdown: 'Hello' });
    expect(first).toMatchObject({ parent: { page_id: id }, rich_text: [{ plain_text: 'Hello' }] });
    const discussion_id = String(at(first, 'discussion_id'));
    const rich_text = [{ text: { content: 'More' } }];
    expect(await client.comments.create({ discussion_id, rich_text })).toMatchObject({
      discussion_id,
      parent: { page_id: id },
    });
    expect(await refusal(client.comments.create({ discussion_id: database.id, rich_text }))).toContain('404');
  });

  it('needs one parent and one text', async () => {
    const { call, id } = await page();
    const none = await call('POST', '/comments', { parent: { page_id: id } });
    expect(at(await none.json(), 'message')).toContain('body.rich_text should be defined');
    const both = await call('POST', '/comments', { parent: { page_id: id }, discussion_id: id, markdown: 'x' });
    expect(at(await both.json(), 'message')).toContain('body.discussion_id should be not present');
  });
});

describe('a search', () => {
  it('finds pages and tables by their title', async () => {
    const { client, database, id } = await page();
    expect((await client.search({ query: 'POST' })).results.map((hit) => hit.id).toSorted()).toEqual(
      [id, database.dataSourceId].toSorted(),
    );
    const tables = await client.search({ filter: { property: 'object', value: 'data_source' } });
    expect(tables.results.map((hit) => hit.id)).toEqual([database.dataSourceId]);
    const pages = await client.search({ query: 'post', filter: { property: 'object', value: 'page' } });
    expect(pages.results.map((hit) => hit.id)).toEqual([id]);
  });

  it('is sorted by the last edit, and leaves out the trash', async () => {
    const { client, clock, database, id, board } = await page();
    clock.advance(1000);
    const newer = database.addRow({ Name: 'Newer post' });
    const filter = { property: 'object', value: 'page' } as const;
    const sort = { timestamp: 'last_edited_time', direction: 'ascending' } as const;
    const found = async (extra = {}) => (await client.search({ filter, ...extra })).results.map((hit) => hit.id);
    expect(await found({ query: 'post' })).toEqual([newer, id]);
    expect(await found({ sort, query: 'post' })).toEqual([id, newer]);
    database.trash(newer);
    expect(await found({ sort })).toEqual([board.rootPageId, id]);
  });
});

import { z } from 'zod';
import {
  accept,
  type Answer,
  type Call,
  checkQuery,
  type Edit,
  listOf,
  listPage,
  pagingQuery,
  pathId,
  trashFlags,
} from './call.ts';
import { check, exactlyOne, id } from './check.ts';
import { showStamps } from './dates.ts';
import { notFound } from './errors.ts';
import { coverInput, readCover, showFile } from './file-references.ts';
import type { Block, BlockContent, Page } from './model.ts';
import { richText, textColor, toItems } from './rich-text.ts';

// Of Notion's block types the board serves the two that an image in a page's body takes.
const captioned = { caption: richText.default([]) };
const blockInput = z
  .strictObject({
    object: z.literal('block').optional(),
    type: z.enum(['paragraph', 'image']).optional(),
    paragraph: z.strictObject({ rich_text: richText, color: textColor.default('default') }).optional(),
    image: z.union([coverInput.options[0].extend(captioned), coverInput.options[1].extend(captioned)]).optional(),
  })
  .superRefine(exactlyOne(['paragraph', 'image']));

export const blocksInput = z.array(blockInput).max(100);

type BlocksInput = z.infer<typeof blocksInput>;

const positionInput = z
  .strictObject({
    type: z.enum(['start', 'end', 'after_block']),
    after_block: z.strictObject({ id }).optional(),
  })
  .superRefine((value, context) => {
    if (value.type === 'after_block') exactlyOne(['after_block'])(value, context);
  });

/** GET /v1/blocks/{id}/children */
export function listBlocks(call: Call): Answer {
  const page = pageOf(call);
  return listPage('block', page.blocks, checkQuery(call, pagingQuery), (block) => showBlock(block, page, call));
}

/** PATCH /v1/blocks/{id}/children */
export function appendChildren(call: Call): Answer {
  const page = pageOf(call);
  const body = check(
    z.strictObject({
      children: blocksInput,
      position: positionInput.optional(),
      after: call.version === '2025-09-03' ? id.optional() : z.undefined().optional(),
    }),
    call.body,
  );
  const after = body.position?.after_block?.id ?? body.after;
  const index = page.blocks.findIndex((block) => block.id === after);
  if (after !== undefined && index < 0) throw notFound('block', after, call.workspace.settings().connectionName);
  const blocks = readBlocks(body.children, call);
  accept(call);
  if (after !== undefined) page.blocks.splice(index + 1, 0, ...blocks);
  else if (body.position?.type === 'start') page.blocks.unshift(...blocks);
  else page.blocks.push(...blocks);
  const shown = blocks.map((block) => showBlock(block, page, call));
  return listOf('block', shown);
}

/** The blocks asked for, made but not yet placed. */
export function readBlocks(input: BlocksInput, edit: Edit): Block[] {
  const { workspace } = edit;
  return input.map((block) => ({
    id: workspace.ids.uuid(),
    createdAt: workspace.now(),
    createdBy: workspace.botId,
    content: readContent(block, edit),
  }));
}

function readContent(block: BlocksInput[number], edit: Edit): BlockContent {
  if (block.image) {
    return { type: 'image', image: readCover(block.image, edit), caption: toItems(block.image.caption) };
  }
  const { rich_text: text = [], color = 'default' } = block.paragraph ?? {};
  return { type: 'paragraph', items: toItems(text), color };
}

/** Only pages have children here. */
function pageOf(call: Call): Page {
  const blockId = pathId(call, 'block_id');
  const { connectionName, shared } = call.workspace.settings();
  const page = shared ? call.workspace.pages.get(blockId) : undefined;
  if (page === undefined) throw notFound('block', blockId, connectionName);
  return page;
}

function showBlock({ id: blockId, createdAt, createdBy, content }: Block, page: Page, call: Call): Answer {
  return {
    object: 'block',
    id: blockId,
    parent: { type: 'page_id', page_id: page.id },
    ...showStamps({ createdAt, createdBy, editedAt: createdAt, editedBy: createdBy }),
    has_children: false,
    ...trashFlags(call, false),
    type: content.type,
    ...(content.type === 'image'
      ? { image: { ...showFile(content.image, call.workspace), caption: content.caption } }
      : { paragraph: { rich_text: content.items, color: content.color, icon: null } }),
  };
}

import { z } from 'zod';
import type { Effects } from './attach.ts';
import {
  type Answer,
  type Call,
  checkQuery,
  listOf,
  paginate,
  pagingQuery,
  pathId,
  trashFlags,
  type Version,
} from './call.ts';
import { check, exactlyOne, id } from './check.ts';
import { minuteStamp } from './dates.ts';
import { notFound } from './errors.ts';
import { coverInput, readCover, showMedia } from './file-references.ts';
import type { Block, BlockContent, Page } from './model.ts';
import { partialUser } from './property-output.ts';
import { richText, textColor, toItems } from './rich-text.ts';
import type { Workspace } from './workspace.ts';

// Of Notion's block types the board serves the two that a picture in a page's body takes.
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
export function listBlocks(call: Call, workspace: Workspace): Answer {
  const page = pageOf(call, workspace);
  const { page: blocks, next } = paginate(page.blocks, checkQuery(call, pagingQuery));
  return listOf(
    'block',
    blocks.map((block) => showBlock(block, page, call.version, workspace)),
    next,
  );
}

/** PATCH /v1/blocks/{id}/children */
export function appendChildren(call: Call, workspace: Workspace): Answer {
  const page = pageOf(call, workspace);
  const old = call.version === '2025-09-03';
  const body = check(
    z.strictObject({
      children: blocksInput,
      position: positionInput.optional(),
      after: old ? id.optional() : z.undefined().optional(),
    }),
    call.body,
  );
  const index = insertionIndex(page, body.position?.after_block?.id ?? body.after, body.position?.type, workspace);
  const effects: Effects = [];
  const blocks = readBlocks(body.children, workspace, effects);
  for (const effect of effects) effect();
  page.blocks.splice(index, 0, ...blocks);
  return listOf(
    'block',
    blocks.map((block) => showBlock(block, page, call.version, workspace)),
    null,
  );
}

/** The blocks asked for, made but not yet placed. */
export function readBlocks(input: BlocksInput, workspace: Workspace, effects: Effects): Block[] {
  return input.map((block) => ({
    id: workspace.ids.uuid(),
    createdAt: workspace.now(),
    createdBy: workspace.botId,
    content: readContent(block, workspace, effects),
  }));
}

function readContent(block: BlocksInput[number], workspace: Workspace, effects: Effects): BlockContent {
  if (block.image) {
    const caption = toItems(block.image.caption);
    return { type: 'image', image: readCover(block.image, workspace, effects), caption };
  }
  const { rich_text: text = [], color = 'default' } = block.paragraph ?? {};
  return { type: 'paragraph', items: toItems(text), color };
}

/** Only pages have children here. */
function pageOf(call: Call, workspace: Workspace): Page {
  const blockId = pathId(call, 'block_id');
  const { connectionName, shared } = workspace.settings();
  const page = shared ? workspace.pages.get(blockId) : undefined;
  if (page === undefined) throw notFound('block', blockId, connectionName);
  return page;
}

function insertionIndex(
  page: Page,
  after: string | undefined,
  position: string | undefined,
  workspace: Workspace,
): number {
  if (after === undefined) return position === 'start' ? 0 : page.blocks.length;
  const index = page.blocks.findIndex((block) => block.id === after);
  if (index < 0) throw notFound('block', after, workspace.settings().connectionName);
  return index + 1;
}

function showBlock(block: Block, page: Page, version: Version, workspace: Workspace): Answer {
  const { content } = block;
  return {
    object: 'block',
    id: block.id,
    parent: { type: 'page_id', page_id: page.id },
    created_time: minuteStamp(block.createdAt),
    created_by: partialUser(block.createdBy),
    last_edited_time: minuteStamp(block.createdAt),
    last_edited_by: partialUser(block.createdBy),
    has_children: false,
    ...trashFlags(version, false),
    type: content.type,
    ...(content.type === 'image'
      ? { image: { ...showMedia(content.image, workspace), caption: content.caption } }
      : { paragraph: { rich_text: content.items, color: content.color, icon: null } }),
  };
}

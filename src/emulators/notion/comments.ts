import { z } from 'zod';
import { accept, type Answer, type Call } from './call.ts';
import { check, exactlyOne, id } from './check.ts';
import { minuteStamp, partialUser } from './dates.ts';
import { notFound } from './errors.ts';
import { attach } from './file-references.ts';
import { richText, textItems, toItems } from './rich-text.ts';

const createBody = z
  .strictObject({
    parent: z
      .strictObject({
        type: z.enum(['page_id', 'block_id']).optional(),
        page_id: id.optional(),
        block_id: id.optional(),
      })
      .superRefine(exactlyOne(['page_id', 'block_id']))
      .optional(),
    discussion_id: id.optional(),
    rich_text: richText.min(1).optional(),
    markdown: z.string().min(1).optional(),
    attachments: z
      .array(z.strictObject({ type: z.literal('file_upload').optional(), file_upload_id: id }))
      .max(3)
      .optional(),
    display_name: z
      .strictObject({
        type: z.enum(['integration', 'user', 'custom']),
        custom: z.strictObject({ name: z.string().min(1) }).optional(),
      })
      .optional(),
  })
  .superRefine(exactlyOne(['parent', 'discussion_id']))
  .superRefine(exactlyOne(['rich_text', 'markdown']));

/** POST /v1/comments. The comment itself is not kept: no route of the board reads it. */
export function createComment(call: Call): Answer {
  const { workspace } = call;
  const body = check(createBody, call.body);
  const { connectionName } = workspace.settings();
  const discussionId = body.discussion_id ?? workspace.ids.uuid();
  const target = body.parent?.page_id ?? body.parent?.block_id ?? workspace.discussions.get(discussionId);
  if (target === undefined) throw notFound('block', discussionId, connectionName);
  const page = workspace.page(target);
  const files = body.attachments?.map((each) => attach(each.file_upload_id, call).fileId);
  accept(call);
  workspace.discussions.set(discussionId, page.id);

  const stamp = minuteStamp(workspace.now());
  const display = body.display_name?.type ?? 'integration';
  return {
    object: 'comment',
    id: workspace.ids.uuid(),
    parent: { type: 'page_id', page_id: page.id },
    discussion_id: discussionId,
    created_time: stamp,
    last_edited_time: stamp,
    created_by: partialUser(workspace.botId),
    rich_text: body.rich_text ? toItems(body.rich_text) : textItems(body.markdown ?? ''),
    display_name: { type: display, resolved_name: body.display_name?.custom?.name ?? connectionName },
    ...(files && { attachments: files.map((fileId) => ({ category: 'image', file: workspace.files.link(fileId) })) }),
  };
}

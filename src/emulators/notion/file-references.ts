import { z } from 'zod';
import { attach, type Effects } from './attach.ts';
import { id } from './check.ts';
import type { Cover, Icon } from './model.ts';
import type { Workspace } from './workspace.ts';

const uploaded = z.strictObject({ type: z.literal('file_upload').optional(), file_upload: z.strictObject({ id }) });
const external = z.strictObject({
  type: z.literal('external').optional(),
  external: z.strictObject({ url: z.string().min(1).max(2000) }),
});
const emoji = z.strictObject({ type: z.literal('emoji').optional(), emoji: z.string().min(1).max(20) });
const named = z.strictObject({
  type: z.literal('icon').optional(),
  icon: z.strictObject({ name: z.string().min(1), color: z.string().default('gray') }),
});

export const coverInput = z.union([uploaded, external]);
export const iconInput = z.union([uploaded, external, emoji, named]);

export function readCover(input: z.infer<typeof coverInput>, workspace: Workspace, effects: Effects): Cover {
  return 'external' in input
    ? { kind: 'external', url: input.external.url }
    : { kind: 'hosted', fileId: attach(input.file_upload.id, workspace, effects).fileId };
}

export function readIcon(input: z.infer<typeof iconInput>, workspace: Workspace, effects: Effects): Icon {
  if ('emoji' in input) return { kind: 'emoji', emoji: input.emoji };
  if ('icon' in input) return { kind: 'icon', icon: input.icon };
  return readCover(input, workspace, effects);
}

/** A cover, an image or a file as the API shows it, with a fresh address. */
export function showMedia(media: Cover, workspace: Workspace): Record<string, unknown> {
  return media.kind === 'external'
    ? { type: 'external', external: { url: media.url } }
    : { type: 'file', file: workspace.files.link(media.fileId) };
}

export function showIcon(icon: Icon | null, workspace: Workspace): Record<string, unknown> | null {
  if (icon === null) return null;
  if (icon.kind === 'emoji') return { type: 'emoji', emoji: icon.emoji };
  if (icon.kind === 'icon') return { type: 'icon', icon: icon.icon };
  return showMedia(icon, workspace);
}

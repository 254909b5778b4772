import { z } from 'zod';
import { lenient } from '../../lib/json.ts';
import type { NotionClient } from './client.ts';

/** What a workspace of the smallest plan takes, where Notion does not say (2026-11). */
export const smallestUploadLimit = 5 * 1024 * 1024;

const limits = z.object({ max_file_upload_size_in_bytes: z.number() });
const owner = z.object({ type: z.string(), user: z.object({ name: z.string().nullish() }).optional() });
const me = z.object({
  id: lenient(z.string()),
  name: z.string().nullish(),
  // Absent where the token is a person's own.
  bot: lenient(
    z.object({
      owner: lenient(owner),
      workspace_name: z.string().nullish(),
      workspace_limits: lenient(limits),
    }),
  ),
});

/** Who a token belongs to. */
export interface Identity {
  /** In words: connection or person, workspace, owner. */
  description: string;
  /** The largest file the workspace takes. */
  maxUploadBytes: number;
  /** Absent where the token is a person's own. */
  botId?: string;
}

/** Asks Notion whose token it is. @throws {ConfigError} when it is nobody's. */
export async function readIdentity(notion: NotionClient): Promise<Identity> {
  const answer = await notion.call({ doing: 'ask who the worker is' }, (client) => client.users.me({}));
  const { id, name, bot } = me.parse(answer);
  return {
    description: bot ? describeConnection(name, bot) : `a personal token of ${name ?? 'somebody without a name'}`,
    maxUploadBytes: bot?.workspace_limits?.max_file_upload_size_in_bytes ?? smallestUploadLimit,
    ...(bot && id !== undefined && { botId: id }),
  };
}

function describeConnection(name: string | null | undefined, bot: NonNullable<z.infer<typeof me>['bot']>): string {
  const belongsTo = bot.owner?.type === 'user' ? (bot.owner.user?.name ?? 'a person') : 'the workspace';
  return `connection "${name ?? 'Untitled'}" in "${bot.workspace_name ?? 'a workspace without a name'}", owned by ${belongsTo}`;
}

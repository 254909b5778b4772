import type { Answer, Call } from './call.ts';
import type { World } from './world.ts';

/** GET /v1/users/me */
export function retrieveMe(_call: Call, world: World): Answer {
  const { connectionName, maxUploadBytes } = world.settings();
  return {
    object: 'user',
    id: world.botId,
    name: connectionName,
    avatar_url: null,
    type: 'bot',
    bot: {
      owner: { type: 'workspace', workspace: true },
      workspace_id: world.workspaceId,
      workspace_name: 'Embedded workspace',
      workspace_limits: { max_file_upload_size_in_bytes: maxUploadBytes },
    },
  };
}

import type { Answer, Call } from './call.ts';

/** GET /v1/users/me */
export function retrieveMe({ workspace }: Call): Answer {
  const { connectionName, maxUploadBytes } = workspace.settings();
  return {
    object: 'user',
    id: workspace.botId,
    name: connectionName,
    avatar_url: null,
    type: 'bot',
    bot: {
      owner: { type: 'workspace', workspace: true },
      workspace_id: workspace.workspaceId,
      workspace_name: 'Embedded workspace',
      workspace_limits: { max_file_upload_size_in_bytes: maxUploadBytes },
    },
  };
}

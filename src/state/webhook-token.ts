import { readIfPresent, writeAtomic } from './files.ts';
import { statePaths } from './paths.ts';

/** Tokens that are kept; a stranger's may be among them. */
const mostTokens = 10;

/** Appends a token that Notion sent to verify a webhook to a file that only its owner may read; answers with the file's path. */
export async function saveWebhookToken(imagesDir: string, token: string, now: number): Promise<string> {
  const { webhookToken, temporary } = statePaths(imagesDir);
  const earlier = ((await readIfPresent(webhookToken))?.toString() ?? '').split('\n').filter(Boolean);
  const lines = [...earlier, `${new Date(now).toISOString()} ${token}`].slice(-mostTokens);
  await writeAtomic(webhookToken, `${lines.join('\n')}\n`, temporary, 0o600);
  return webhookToken;
}

import { ConfigError } from '../core/errors.ts';
import type { Dialogue } from './doctor-dialogue.ts';
import { readVariable, setVariable } from './env-file.ts';
import type { BoardMaker } from './init.ts';

const setting = 'NOTION_DATABASE_ID';
const shownPages = 20;

/** Creates a board under the page and offers to note it in the env file; answers with the exit code. */
export async function initBoard(
  maker: BoardMaker,
  pageId: string,
  { print, ask, envFile, outside }: Dialogue & { envFile: string; outside: string | undefined },
): Promise<0 | 2> {
  const { id, url, lacking } = await maker.create(pageId);
  print(`The database is at ${url}\n${setting}=${id}`);
  if (lacking !== undefined) print(lacking);
  const earlier = await readVariable(envFile, setting);
  const place = earlier === undefined ? '' : ` in place of ${earlier}`;
  if (await ask?.(`Write this line into ${envFile}${place}?`)) {
    await setVariable(envFile, setting, id);
    print(`${envFile} has it now. Next: npm run sync`);
  } else print(`Next: put this line into ${envFile}, then npm run sync`);
  if (outside)
    print(`${setting} is also set outside of ${envFile}, to ${outside}, and that one counts: change it there.`);
  return lacking === undefined ? 0 : 2;
}

/** Lists the pages under which a board can be made. @throws {ConfigError} when there is none. */
export async function listPages(maker: BoardMaker): Promise<string[][]> {
  const pages = await maker.pages();
  if (pages.length > 0) return pages.slice(0, shownPages).map(({ title, id }) => [title, id]);
  throw new ConfigError(
    'Notion shows this connection no page: open or make one in Notion, choose ••• → Connections, add the connection whose token is in NOTION_TOKEN, and run init again.',
  );
}

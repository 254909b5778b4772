import { loadNotionContract } from '../contracts/notion-schemas.ts';

/** Generates the schemas of Notion's contract once, before any test has to wait for it: it takes seconds after an install. */
export async function setup(): Promise<void> {
  await loadNotionContract();
}

import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/core/finding.ts';
import { runChecks } from '../../src/setup/doctor.ts';

const finding = (key: string): Finding => ({ key, about: key, state: 'well', message: 'fine' });

/** The findings about Notion and the providers when the settings have these problems. */
async function statesWith(...settingsProblems: string[]) {
  const states: Record<string, string> = {};
  const checks = runChecks({
    settingsProblems,
    nodeVersion: '24.1.0',
    envFile: 'there-is-no.env',
    async *board() {
      yield finding('notion');
    },
    providers: async () => [finding('providers')],
    async *folder() {
      yield finding('folder');
    },
    server: async () => finding('server'),
    clockProblem: () => undefined,
    fonts: async () => finding('fonts'),
  });
  for await (const { key, state } of checks) states[key] = state;
  return { notion: states['notion'], providers: states['providers'] };
}

describe('what problems of the settings keep from being checked', () => {
  it.each([
    ['nothing without any', [], 'well', 'well'],
    ['nothing while only the database is unknown', ['NOTION_DATABASE_ID is not set'], 'well', 'well'],
    ['Notion by any other of its settings', ['NOTION_TOKEN is not set'], 'note', 'well'],
    ['the providers by any setting but those of Notion', ['TIMEZONE is wrong'], 'well', 'note'],
  ])('%s', async (_, problems, notion, providers) => {
    expect(await statesWith(...problems)).toEqual({ notion, providers });
  });
});

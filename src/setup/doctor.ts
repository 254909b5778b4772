import type { Finding } from '../core/finding.ts';
import { checkEnvFile, checkNode } from './check-machine.ts';

/** The checks that doctor makes; those of other rooms are handed in. */
export interface Checks {
  settingsProblems: readonly string[];
  nodeVersion: string;
  envFile: string;
  board: () => AsyncIterable<Finding>;
  providers: () => Promise<readonly Finding[]>;
  folder: () => AsyncIterable<Finding>;
  server: () => Promise<Finding>;
  /** In words, when the machine's clock is wrong; undefined also when Notion was not asked. */
  clockProblem: () => string | undefined;
  fonts: () => Promise<Finding>;
}

/** Checks everything the worker needs, as far as the settings lead there; only the providers' lockouts are changed. */
export async function* runChecks(checks: Checks): AsyncGenerator<Finding> {
  const { settingsProblems } = checks;
  yield* settingsFindings(settingsProblems);
  yield checkNode(checks.nodeVersion);
  if (settingsProblems.some(blocksNotion)) yield notChecked('notion', 'Notion');
  else yield* checks.board();
  if (settingsProblems.some(blocksProviders)) yield notChecked('providers', 'Image providers');
  else yield* await checks.providers();
  yield* checks.folder();
  yield await checks.server();
  yield clockFinding(checks.clockProblem());
  yield await checks.fonts();
  yield await checkEnvFile(checks.envFile);
}

/** Without the database's address Notion can still be asked about the token. */
function blocksNotion(problem: string): boolean {
  return problem.startsWith('NOTION_') && !problem.startsWith('NOTION_DATABASE_ID ');
}

function blocksProviders(problem: string): boolean {
  return !problem.startsWith('NOTION_');
}

function notChecked(key: string, about: string): Finding {
  return { key, about, state: 'note', message: 'Not looked at until the settings are right.' };
}

function settingsFindings(problems: readonly string[]): Finding[] {
  const subject = { key: 'settings', about: 'Settings' };
  if (problems.length === 0) return [{ ...subject, state: 'well', message: 'every one can be read' }];
  return problems.map((message) => ({ ...subject, state: 'problem', message }));
}

function clockFinding(problem: string | undefined): Finding {
  const subject = { key: 'clock', about: 'Clock' };
  return problem === undefined
    ? { ...subject, state: 'well', message: "agrees with Notion's, as far as Notion could be asked" }
    : { ...subject, state: 'warning', message: problem };
}

/** The exit code that findings stand for: warnings and notes do not count. */
export function doctorExitCode(findings: readonly Finding[]): 0 | 2 {
  return findings.some(({ state }) => state === 'problem') ? 2 : 0;
}

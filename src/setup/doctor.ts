import type { Finding } from '../core/finding.ts';
import { examineProviders, type ProviderPatient } from './providers.ts';
import { examineEnvFile, examineNode } from './environment.ts';

/** Everything that doctor looks at. */
export interface DoctorParts {
  /** Every mistake in the settings. */
  settingsProblems: readonly string[];
  /** As in `process.versions.node`. */
  nodeVersion: string;
  envFile: string;
  /** Undefined where the settings do not lead there. */
  board?: () => AsyncIterable<Finding>;
  providers?: () => Promise<readonly ProviderPatient[]>;
  folder: () => AsyncIterable<Finding>;
  server: () => Promise<Finding>;
  /** In words, when the machine's clock is wrong; undefined too when nobody told the time. */
  clockTrouble: () => string | undefined;
  fonts: () => Promise<Finding>;
  signal: AbortSignal;
}

const notYet = 'Not looked at until the settings are right.';

/** Looks at everything the worker needs and tells what it finds; nothing but the memory of providers is changed. */
export async function* examine(parts: DoctorParts): AsyncGenerator<Finding> {
  yield* settingsFindings(parts.settingsProblems);
  yield examineNode(parts.nodeVersion);
  if (parts.board) yield* parts.board();
  else yield { key: 'notion', about: 'Notion', state: 'note', message: notYet };
  if (parts.providers) yield* await examineProviders(await parts.providers(), parts.signal);
  else yield { key: 'providers', about: 'Image providers', state: 'note', message: notYet };
  yield* parts.folder();
  yield await parts.server();
  yield clockFinding(parts.clockTrouble());
  yield await parts.fonts();
  yield await examineEnvFile(parts.envFile);
}

function settingsFindings(problems: readonly string[]): Finding[] {
  const subject = { key: 'settings', about: 'Settings' };
  if (problems.length === 0) return [{ ...subject, state: 'well', message: 'every one can be read' }];
  return problems.map((message) => ({ ...subject, state: 'problem', message }));
}

function clockFinding(trouble: string | undefined): Finding {
  const subject = { key: 'clock', about: 'Clock' };
  return trouble === undefined
    ? { ...subject, state: 'well', message: "agrees with Notion's, as far as Notion could be asked" }
    : { ...subject, state: 'warning', message: trouble };
}

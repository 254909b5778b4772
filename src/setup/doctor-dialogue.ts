import type { Finding } from '../core/finding.ts';

/** Whom a command speaks to. */
export interface Dialogue {
  print: (text: string) => void;
  /** Undefined when there is nobody to ask. */
  ask: ((question: string) => Promise<boolean>) | undefined;
}

/** What the database lacks, and the adding of it. */
export interface DatabaseRepair {
  /** In words: 'the property "Prompt"'. */
  lacking(): Promise<string[]>;
  add(): Promise<string[]>;
}

/** The exit code that findings stand for: warnings and notes do not count. */
export function doctorExitCode(findings: readonly Finding[]): 0 | 2 {
  return findings.some(({ state }) => state === 'problem') ? 2 : 0;
}

/** Says how to get what the worker cannot do without, where that is missing on the board. */
export function repairHint(findings: readonly Finding[]): string | undefined {
  return findings.some(isMissing) ? 'What is missing can be added for you: npm run doctor -- --fix' : undefined;
}

function isMissing({ key, state }: Finding): boolean {
  return state === 'problem' && (key === 'place' || key === 'property.status' || key.startsWith('status.'));
}

/** Offers to add what the database lacks, after a first look, and looks again when it was added; answers with the exit code. */
export async function offerRepair(
  findings: readonly Finding[],
  { repair, look, print, ask }: Dialogue & { repair: DatabaseRepair; look: () => Promise<readonly Finding[]> },
): Promise<0 | 2> {
  const code = doctorExitCode(findings);
  if (!findings.some(({ key, state }) => key === 'database' && state === 'well')) return code;
  const additions = await repair.lacking();
  if (additions.length === 0) {
    print('The database lacks nothing that could be added.');
    return code;
  }
  print(`To be added to the database: ${additions.join(', ')}. Nothing that is there is changed or removed.`);
  if (!ask) {
    print('Nothing was added, for there is no terminal to ask on: run it again with --yes.');
    return 2;
  }
  if (!(await ask('Add them?'))) return code;
  await repair.add();
  return doctorExitCode(await look());
}

import type { Finding } from '../core/finding.ts';
import { doctorExitCode } from './doctor.ts';

/** How a command speaks with the operator. */
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

/** Says how to get what the worker cannot do without, where that is missing on the board. */
export function repairHint(findings: readonly Finding[]): string | undefined {
  const isMissing = findings.some(
    ({ key, state }) =>
      state === 'problem' && (key === 'place' || key === 'property.status' || key.startsWith('status.')),
  );
  return isMissing ? 'What is missing can be added for you: npm run doctor -- --fix' : undefined;
}

/** Offers to add what the database lacks, and checks again when it was added; returns the exit code. */
export async function offerRepair(
  findings: readonly Finding[],
  { repair, check, print, ask }: Dialogue & { repair: DatabaseRepair; check: () => Promise<readonly Finding[]> },
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
  return doctorExitCode(await check());
}

import { join } from 'node:path';
import { type DoctorRuntime, runDoctor } from '../../../src/app/commands.ts';
import { inspectSettings } from '../../../src/config/config.ts';
import type { Finding } from '../../../src/core/finding.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { EmbeddedBoardOptions } from '../../../src/emulators/notion/options.ts';
import { openWorkerRig, type WorkerRig } from '../worker/setup.ts';

const gibibyte = 1024 ** 3;

/** A rig in which doctor finds nothing to mend. */
export function openHealthyRig(options: EmbeddedBoardOptions = {}): Promise<WorkerRig> {
  return openWorkerRig({ maxUploadBytes: gibibyte, ...options });
}

/** What doctor finds there. */
export async function examineRig(
  rig: WorkerRig,
  variables: Record<string, string> = {},
  runtime: Partial<DoctorRuntime> = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const looks = runDoctor(inspectSettings({ ...rig.variables, ...variables }), {
    log: silentLog,
    signal: new AbortController().signal,
    nodeVersion: '24.1.0',
    envFile: join(rig.folder, 'no.env'),
    freeBytes: async () => 10 * gibibyte,
    ...runtime,
  });
  for await (const finding of looks) findings.push(finding);
  return findings;
}

/** The keys of the findings in one state. */
export function keysIn(findings: readonly Finding[], state: Finding['state']): string[] {
  return [...new Set(findings.filter((finding) => finding.state === state).map(({ key }) => key))];
}

import type { Command } from 'commander';
import { openRepair, runDoctor } from '../app/commands.ts';
import { inspectSettings } from '../config/config.ts';
import type { Finding } from '../core/finding.ts';
import { doctorExitCode } from '../setup/doctor.ts';
import { offerRepair, repairHint } from '../setup/repair.ts';
import { readSettings, run } from './run.ts';
import { questioner } from './terminal/ask.ts';
import { createConsole } from './terminal/console.ts';
import { findingsTable } from './terminal/tables.ts';

/** Adds `doctor`: checks of everything the worker needs. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look at everything the worker needs, and say what to mend')
    .option('--fix', 'add the properties and status options that the database lacks; asks first')
    .option('--yes', 'add them without asking')
    .action((options: DoctorOptions) => run((signal) => doctor(options, signal)));
}

interface DoctorOptions {
  fix?: boolean;
  yes?: boolean;
}

async function doctor({ fix = false, yes = false }: DoctorOptions, signal: AbortSignal): Promise<number> {
  const report = inspectSettings(readSettings());
  using terminal = createConsole(report.config, { alwaysForPeople: true });
  const runtime = { ...terminal, signal };
  const check = async () => {
    const findings: Finding[] = [];
    for await (const finding of runDoctor(report, runtime)) findings.push(finding);
    terminal.print(findingsTable(findings, process.stdout.isTTY ? process.stdout.columns : undefined));
    return findings;
  };
  const findings = await check();
  if (!fix) {
    const hint = repairHint(findings);
    if (hint !== undefined) terminal.print(hint);
    return doctorExitCode(findings);
  }
  const repair = openRepair(report.config, runtime);
  return offerRepair(findings, { repair, check, print: terminal.print, ask: questioner(yes, signal) });
}

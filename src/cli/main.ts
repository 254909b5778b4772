import { Command, CommanderError } from 'commander';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { addGenerate } from './generate.ts';
import { addInit } from './init.ts';
import { addStart } from './start.ts';
import { addSync } from './sync.ts';
import { usageExitCode } from './terminal/exit.ts';

/** Runs the command that the arguments of the process name, and sets the exit code. */
export async function main(): Promise<void> {
  const program = new Command('notion-to-facebook')
    .description('Gives every planned Facebook post in a Notion database the picture it needs.')
    .exitOverride()
    .showHelpAfterError('Add --help to see what can be given.')
    .addHelpText(
      'afterAll',
      `
Settings come from the environment and from .env in the current folder; .env.example lists them all.
Exit codes: 0 all done · 1 some row failed · 2 settings, access or disk need the operator · 3 Notion out of reach ·
4 another worker holds the images folder · 130, 143 stopped by SIGINT (Ctrl-C), SIGTERM.`,
    );
  for (const add of [addSync, addStart, addDemo, addGenerate, addDoctor, addInit]) add(program);
  try {
    await program.parseAsync();
  } catch (error) {
    // Commander has already printed what is wrong, or the help.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : usageExitCode;
  }
}

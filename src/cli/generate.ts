import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { generateOnce } from '../app/commands.ts';
import { readBoardlessConfig } from '../config/config.ts';
import { ChainExhaustedError } from '../core/errors.ts';
import { numberBetween } from './arguments.ts';
import { readSettings, run } from './run.ts';
import { createConsole } from './terminal/console.ts';
import { attemptsTable } from './terminal/tables.ts';

/** Adds `generate`: one image through the chain. */
export function addGenerate(program: Command): void {
  program
    .command('generate')
    .description('make one picture through the chain, without a board')
    .argument('<prompt>', 'what the picture is to show')
    .option('--width <pixels>', '256–2048', numberBetween(256, 2048), 1080)
    .option('--height <pixels>', '256–2048', numberBetween(256, 2048), 1080)
    .option('--seed <number>', '0–2147483647; without it, by chance', numberBetween(0, 2 ** 31 - 1))
    .option('--steps <number>', '10–50', numberBetween(10, 50))
    .option('--guidance <number>', '1–20', numberBetween(1, 20))
    .option('--sampler <name>', 'of Stable Diffusion')
    .option('--negative <words>', 'what the picture is not to show')
    .action((prompt: string, options: GenerateOptions) => run((signal) => generate(prompt, options, signal)));
}

interface GenerateOptions {
  width: number;
  height: number;
  seed?: number;
  steps?: number;
  guidance?: number;
  sampler?: string;
  negative?: string;
}

async function generate(prompt: string, options: GenerateOptions, signal: AbortSignal): Promise<number> {
  const config = readBoardlessConfig(readSettings());
  using terminal = createConsole(config, { alwaysForPeople: true });
  const { seed = randomInt(2 ** 31 - 1), guidance: cfgScale, negative: negativePrompt, ...rest } = options;
  const request = {
    prompt,
    seed,
    ...rest,
    ...(cfgScale !== undefined && { cfgScale }),
    ...(negativePrompt !== undefined && { negativePrompt }),
  };
  try {
    const { image, attempts } = await generateOnce(config, request, { ...terminal, signal });
    terminal.print(attemptsTable(attempts));
    terminal.print(join(config.imagesDir, image.saved.path));
    return 0;
  } catch (error) {
    if (!(error instanceof ChainExhaustedError)) throw error;
    terminal.print(attemptsTable(error.attempts));
    terminal.print(`No picture could be made. ${error.message}`);
    return 1;
  }
}

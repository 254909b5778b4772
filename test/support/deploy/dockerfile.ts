import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** One instruction of a Dockerfile, its continued lines joined. */
export interface Instruction {
  /** In capitals. */
  name: string;
  /** Options that stand before the rest: `--from=build`. */
  flags: string[];
  rest: string;
}

/** What stands between one FROM and the next. */
export interface Stage {
  image: string;
  name: string | undefined;
  instructions: Instruction[];
}

/** Reads a Dockerfile without here-documents and parser directives. */
function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of instructionsOf(text)) {
    const stage = stages.at(-1);
    if (instruction.name === 'FROM') {
      const [image = '', , name] = instruction.rest.split(/\s+/);
      stages.push({ image, name, instructions: [] });
    } else if (stage) stage.instructions.push(instruction);
    else throw new Error(`${instruction.name} stands before the first FROM`);
  }
  return stages;
}

function instructionsOf(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  const joined = lines.join('\n').replaceAll(/\s*\\\n\s*/g, ' ');
  return joined.split('\n').map((line) => {
    const [, name, flags = '', rest = ''] = /^\s*([A-Z]+)\s+((?:--\S+\s+)*)(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`not an instruction: ${line}`);
    return { name, flags: flags.split(/\s+/).filter(Boolean), rest: rest.trim() };
  });
}

/** The words of an exec form. @throws when it is a shell form. */
export function execForm(rest: string): string[] {
  return z.array(z.string()).parse(JSON.parse(rest));
}

/** The pairs of ENV and LABEL. */
export function pairsOf(instructions: readonly Instruction[]): Record<string, string> {
  const pairs = instructions.flatMap(({ rest }) => [...rest.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)]);
  return Object.fromEntries(pairs.map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}

/** The stages of our own Dockerfile. */
export async function ourDockerfile(): Promise<Stage[]> {
  return parseDockerfile(await readFile(new URL('../../../Dockerfile', import.meta.url), 'utf8'));
}

/** The image as its last stage describes it. */
export function imageOf(stages: readonly Stage[]) {
  const { instructions } = stages.at(-1) ?? { instructions: [] };
  const all = (name: string) => instructions.filter((instruction) => instruction.name === name);
  const one = (name: string) => all(name).at(-1)?.rest ?? '';
  return {
    environment: pairsOf(all('ENV')),
    labels: pairsOf(all('LABEL')),
    copies: all('COPY').map(({ flags, rest }) => {
      const paths = rest.split(/\s+/);
      const from = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length);
      return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    }),
    folder: one('WORKDIR'),
    user: one('USER'),
    volumes: execForm(one('VOLUME')),
    stopSignal: one('STOPSIGNAL'),
    healthCheck: execForm(one('HEALTHCHECK').replace(/^CMD\s+/, '')),
    entrypoint: execForm(one('ENTRYPOINT')),
    command: execForm(one('CMD')),
  };
}

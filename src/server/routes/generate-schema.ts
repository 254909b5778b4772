import { z } from 'zod';
import { guardedAnswers } from '../http-error.ts';

/** Longest prompt that is sent on, in UTF-16 units. */
const longestPrompt = 4000;
const longestSampler = 100;
const largestSeed = 2 ** 31 - 1;

/** "width is 100: give a whole number from 256 to 2048." */
function says(name: string, wanted: string) {
  return { error: ({ input }: { input?: unknown }) => `${name} is ${shown(input)}: give ${wanted}.` };
}

function shown(input: unknown): string {
  if (input === undefined) return 'missing';
  if (input === null || typeof input === 'number' || typeof input === 'boolean') return String(input);
  if (typeof input !== 'string') return Array.isArray(input) ? 'a list' : 'an object';
  return input.length > 40 ? `a text of ${input.length} characters` : JSON.stringify(input);
}

function whole(name: string, min: number, max: number) {
  const words = says(name, `a whole number from ${min} to ${max}`);
  return z.number(words).int(words).min(min, words).max(max, words).nullish();
}

function text(name: string, longest: number) {
  const words = says(name, `a text of at most ${longest} characters`);
  return z.string(words).max(longest, words).nullish();
}

const promptWords = says('prompt', `a text of 1 to ${longestPrompt} characters that shows something`);
const scaleWords = says('cfgScale', 'a number from 1 to 20');
const seedWords = says('seed', `-1 for chance, or a whole number from 0 to ${largestSeed}`);

/** What is asked of generate-image. Other fields are passed over: older clients send more. */
export const generateBody = z.object(
  {
    prompt: z
      .string(promptWords)
      .overwrite(plain)
      .max(longestPrompt, promptWords)
      .refine((prompt) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(prompt), promptWords)
      .meta({ description: 'What the picture shows.', examples: ['a harbour at dusk, long exposure'] }),
    negativePrompt: text('negativePrompt', longestPrompt).meta({ description: 'What it does not show.' }),
    width: whole('width', 256, 2048).meta({ description: 'Pixels.', default: 512 }),
    height: whole('height', 256, 2048).meta({ description: 'Pixels.', default: 512 }),
    steps: whole('steps', 10, 50).meta({ description: 'FLUX.1-schnell always runs its 4.', default: 20 }),
    cfgScale: z
      .number(scaleWords)
      .min(1, scaleWords)
      .max(20, scaleWords)
      .nullish()
      .meta({ description: 'How closely the prompt is followed.', default: 7 }),
    seed: z
      .number(seedWords)
      .int(seedWords)
      .min(-1, seedWords)
      .max(largestSeed, seedWords)
      .nullish()
      .meta({ description: '-1 is chosen by chance.', default: -1 }),
    sampler: text('sampler', longestSampler).meta({ default: 'Euler a' }),
    allowPlaceholder: z
      .boolean(says('allowPlaceholder', 'true or false'))
      .nullish()
      .meta({ description: 'May a drawn card serve when every provider fails?', default: false }),
  },
  { error: ({ input }) => `The body is ${shown(input)}: send a JSON object such as {"prompt": "a harbour at dusk"}.` },
);

/** One provider's part in a failure. */
const failedAttempt = z.object({
  provider: z.string(),
  model: z.string(),
  outcome: z.string().describe('What went wrong, as a word that a program can read.'),
  message: z.string().describe('What the provider said.'),
  fix: z.string().describe('What to do about it.'),
  until: z.string().optional().describe('ISO 8601: when it is worth asking again.'),
});

const failure = z
  .object({ error: z.string(), message: z.string(), attempts: z.array(failedAttempt).optional() })
  .catchall(z.unknown())
  .meta({ id: 'GenerationFailure', description: 'No picture, and what each provider said.' });

export type FailedAttempt = z.output<typeof failedAttempt>;

function failed(description: string) {
  return { description, content: { 'application/json': { schema: failure } } };
}

export const generateAnswers = {
  ...guardedAnswers({}, 400, 413, 415),
  200: z
    .object({
      success: z.literal(true),
      imageUrl: z.string().describe('Where the picture is, on this server.'),
      filename: z.string(),
      prompt: z.string(),
      userId: z.string(),
      provider: z.string(),
      model: z.string(),
      processingTime: z.number().describe('In ms.'),
      seed: z.number(),
      width: z.number(),
      height: z.number(),
      why: z.string().describe('Which providers were asked, in one line.'),
      costUsd: z.number(),
    })
    .describe('The picture is made and kept.'),
  422: failed('A provider refused the prompt.'),
  502: failed('Every provider failed.'),
  503: failed('The server stops, keeps no pictures at the moment, or has no provider configured.'),
  504: failed('No provider answered in time.'),
};

/** The text without what nobody sees and no provider reads. */
export function plain(words: string): string {
  return words
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\p{Surrogate}/gu, '')
    .trim();
}

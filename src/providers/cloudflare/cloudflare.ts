import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { ImageRequest } from '../../core/image.ts';
import type { ProviderCheck } from '../../core/provider.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { retryAfterMs } from '../../lib/http/retry-after.ts';
import { mediaTypeOf } from '../../lib/media-type.ts';
import { createClient, type ProviderClient } from '../call.ts';
import { couldNotLook, inOrder, problem } from '../check.ts';
import { checkForm, defineProvider, type ProviderDependencies, type ProviderMethods } from '../entry.ts';
import { codeOfStatus, type FailureContext, failureOf } from '../failures.ts';
import { decodeImage } from '../image.ts';
import { quoteAnswer, textsToRedact } from '../quote.ts';
import { megapixelFactor, scaleSize } from '../size.ts';

type Settings = Record<'url' | 'accountId' | 'token' | 'model', string>;

const label = 'Cloudflare';

/** Cloudflare Workers AI, which draws some images a day for nothing. */
export const cloudflare = defineProvider({
  name: 'cloudflare',
  label,
  prefix: 'CLOUDFLARE',
  defaults: { timeoutSeconds: 60, concurrency: 2, mostConcurrency: 100, costUsd: 0 },
  read(environment) {
    const token = environment.secret('CLOUDFLARE_API_TOKEN');
    const accountId = checkForm(environment, {
      name: 'CLOUDFLARE_ACCOUNT_ID',
      value: environment.optional('CLOUDFLARE_ACCOUNT_ID'),
      form: /^[0-9a-f]{32}$/i,
      advice: 'give the 32 hex digits in the address of your Cloudflare dashboard',
    });
    const url = environment.url('CLOUDFLARE_API_URL', 'https://api.cloudflare.com/client/v4');
    const model = checkForm(environment, {
      name: 'CLOUDFLARE_MODEL',
      value: environment.text('CLOUDFLARE_MODEL', '@cf/black-forest-labs/flux-1-schnell'),
      form: /^@[\w-]+(?:\/[\w-][\w.-]*)+$/,
      advice: "give a model's id such as @cf/black-forest-labs/flux-1-schnell",
    });
    if ((token === undefined) !== (accountId === undefined)) {
      environment.problem('CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN belong together: set both or neither.');
    }
    if (token === undefined || accountId === undefined) return undefined;
    return {
      model,
      account: [token, url, accountId],
      create: (dependencies) => createCloudflare({ url, accountId, token, model }, dependencies),
    };
  },
});

function createCloudflare(settings: Settings, { clock }: ProviderDependencies): ProviderMethods {
  const { url, accountId, token, model } = settings;
  const client = createClient({ label, url, key: token });
  return {
    async generate(request, { signal }) {
      const { body, warnings } = composeBody(request, model);
      const answer = await client.post(`/accounts/${accountId}/ai/run/${model}`, body, signal);
      const bytes = imageIn(answer);
      if (bytes === undefined) {
        throw classify(answer, { now: clock.now(), toRedact: textsToRedact(request, token) });
      }
      return { bytes, seed: request.seed, warnings };
    },
    check: (signal) => verifyToken(client, settings, signal),
    explainCheck: couldNotLook(label, 'the network'),
  };
}

const maxPromptLength = 2048;
const schnellSteps = 4;
const mostSteps = 20;

/** flux-1-schnell takes no size and draws 1024 × 1024; the others take one (developers.cloudflare.com, 2026-11). */
function composeBody(request: ImageRequest, model: string): { body: object; warnings: string[] } {
  const { seed, width, height, steps, cfgScale } = request;
  const prompt = cut(request.prompt);
  const negativePrompt = request.negativePrompt?.trim();
  const warnings = prompt === request.prompt ? [] : [`the prompt is cut to ${maxPromptLength} characters`];
  if (!model.endsWith('/flux-1-schnell')) {
    const body = {
      prompt,
      ...(negativePrompt && { negative_prompt: cut(negativePrompt) }),
      ...scaleSize(request, megapixelFactor(request), { multiple: 8, round: Math.ceil }),
      ...(steps !== undefined && { num_steps: Math.min(mostSteps, steps) }),
      ...(cfgScale !== undefined && { guidance: cfgScale }),
      seed,
    };
    return { body, warnings };
  }
  if (Math.max(width, height) > 2 * Math.min(width, height)) {
    const message = `${label} draws squares only with this model, and less than half of one would be left`;
    throw new ProviderError('invalid_request', message, { sent: false });
  }
  if (negativePrompt) warnings.push('the negative prompt is left out: FLUX models have none');
  return { body: { prompt, steps: schnellSteps, seed }, warnings };
}

/** Never leaves half a character. */
function cut(prompt: string): string {
  return prompt.length <= maxPromptLength ? prompt : prompt.slice(0, maxPromptLength).replace(/[\uD800-\uDBFF]$/, '');
}

const resultSchema = z.object({ result: z.object({ image: z.string().min(1) }) });

/** FLUX answers with base64 in JSON, older models with the image itself. */
function imageIn(answer: HttpAnswer): Uint8Array | undefined {
  if (answer.status !== 200) return undefined;
  if (mediaTypeOf(answer.bytes) !== undefined) return answer.bytes;
  const image = resultSchema.safeParse(answer.json()).data?.result.image;
  return image === undefined ? undefined : decodeImage(label, image);
}

const errorsSchema = z.object({ errors: z.array(z.object({ code: z.number() })) });

/** What an answer without an image means: developers.cloudflare.com/workers-ai/platform/errors, 2026-11. */
function classify(answer: HttpAnswer, { now, toRedact }: FailureContext): ProviderError {
  const { status } = answer;
  const ownCodes = errorsSchema.safeParse(answer.json()).data?.errors.map(({ code }) => code) ?? [];
  const has = (...known: number[]) => known.some((code) => ownCodes.includes(code));
  const said = quoteAnswer(answer, toRedact);
  const choose = () => {
    if (status === 402 || has(3036)) return 'out_of_credit';
    // 3040, no data centre with room, comes as 429 as well.
    if (status === 429 || status === 401 || status === 403) return codeOfStatus(status);
    if (has(7000, 7003)) return 'unauthorized';
    if (has(3042, 5007)) return 'retired';
    // The filter is known to take harmless words for worse, apples among them (2026).
    return status === 400 && /nsfw/i.test(said) ? 'content_rejected' : codeOfStatus(status);
  };
  return failureOf(answer, {
    code: choose(),
    who: label,
    words: {
      unauthorized:
        status === 401 || status === 403
          ? 'does not accept the token'
          : 'does not know the account: check CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_URL',
      retired: 'does not serve the model',
      bad_image: 'sent no picture',
    },
    said,
    ownCodes,
    waitMs: retryAfterMs(answer, now),
    creditUntil: nextMidnight(now),
  });
}

/** The free allocation is renewed at 00:00 UTC. */
function nextMidnight(now: number): number {
  const dayMs = 24 * 3_600_000;
  return (Math.floor(now / dayMs) + 1) * dayMs;
}

const tokenSchema = z.object({ result: z.object({ status: z.string().max(100) }) });

/** Asks, which costs nothing, whether the token works. */
async function verifyToken(client: ProviderClient, settings: Settings, signal: AbortSignal): Promise<ProviderCheck> {
  const { accountId, token, model } = settings;
  // A token belongs to a person or to an account, and only its owner's route knows it.
  const first = await client.get('/user/tokens/verify', signal);
  const answer = first.status === 200 ? first : await client.get(`/accounts/${accountId}/tokens/verify`, signal);
  const state = tokenSchema.safeParse(answer.json()).data?.result.status;
  if (answer.status === 200 && state === 'active') {
    return inOrder(`${label}: the token is active; ${model} is asked with it.`);
  }
  const said = state === undefined ? quoteAnswer(answer, [token]) : `the token is ${state}`;
  const step = 'make one with the permission Workers AI (Read) at dash.cloudflare.com/profile/api-tokens';
  return problem(`${label} answered ${answer.status} (${said}): ${step}.`);
}

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { withDeadline } from '../../lib/deadline.ts';
import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { ImageRequest } from '../../core/image.ts';
import type { ImageProvider, ProviderCheck } from '../../core/provider.ts';
import { chooseSize } from '../automatic1111/request.ts';
import type { ProviderDependencies, ProviderEntry } from '../entry.ts';
import { mediaTypeOf } from '../huggingface/answer.ts';
import { readHeader } from '../../lib/image-header.ts';
import { callProvider, type ProviderAnswer, retryAfterMs, saidBy } from '../../lib/http/client.ts';

interface Settings {
  url: string;
  accountId: string;
  token: string;
  model: string;
  costUsd: number;
}

const name = 'cloudflare';
const label = 'Cloudflare';

/** Cloudflare Workers AI, which draws some pictures a day for nothing. */
export const cloudflare: ProviderEntry = {
  name,
  label,
  read(environment) {
    const token = environment.secret('CLOUDFLARE_API_TOKEN');
    const accountId = readAccountId(environment);
    const timeoutMs = 1000 * environment.number('CLOUDFLARE_TIMEOUT_SECONDS', { fallback: 60, min: 1, max: 3600 });
    const concurrency = environment.number('CLOUDFLARE_CONCURRENCY', { fallback: 2, min: 1, max: 100, whole: true });
    const settings: Settings = {
      url: environment.url('CLOUDFLARE_API_URL', 'https://api.cloudflare.com/client/v4'),
      accountId: accountId ?? '',
      token: token ?? '',
      model: readModel(environment),
      costUsd: environment.number('CLOUDFLARE_COST_USD', { fallback: 0, min: 0, max: 100 }),
    };
    if ((token === undefined) !== (accountId === undefined)) {
      environment.problem('CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN belong together: set both or neither.');
    }
    if (token === undefined || accountId === undefined) return undefined;
    return {
      name,
      label,
      timeoutMs,
      concurrency,
      costUsd: settings.costUsd,
      model: settings.model,
      account: createHash('sha256').update(`${token}\n${settings.url}\n${accountId}`).digest('hex').slice(0, 8),
      create: (dependencies) => createCloudflare(settings, dependencies),
    };
  },
};

function readAccountId(environment: Environment): string | undefined {
  const accountId = environment.optional('CLOUDFLARE_ACCOUNT_ID');
  if (accountId !== undefined && !/^[0-9a-f]{32}$/i.test(accountId)) {
    environment.problem(
      `CLOUDFLARE_ACCOUNT_ID is "${accountId}": give the 32 hex digits in the address of your Cloudflare dashboard.`,
    );
  }
  return accountId;
}

function readModel(environment: Environment): string {
  const model = environment.text('CLOUDFLARE_MODEL', '@cf/black-forest-labs/flux-1-schnell');
  if (!/^@[\w-]+(?:\/[\w-][\w.-]*)+$/.test(model)) {
    environment.problem(
      `CLOUDFLARE_MODEL is "${model}": give a model's id such as @cf/black-forest-labs/flux-1-schnell.`,
    );
  }
  return model;
}

function createCloudflare(settings: Settings, { clock }: ProviderDependencies): ImageProvider {
  const { url, accountId, token, model, costUsd } = settings;
  return {
    name,
    label,
    async generate(request, { signal }) {
      const { body, warnings } = composeBody(request, model);
      const answer = await callProvider({
        label,
        method: 'POST',
        url: `${url}/accounts/${accountId}/ai/run/${model}`,
        headers: { authorization: `Bearer ${token}` },
        body,
        signal,
      });
      const bytes = pictureIn(answer);
      if (bytes === undefined) {
        throw classify(answer, clock.now(), [request.prompt, request.negativePrompt ?? '', token]);
      }
      return {
        bytes,
        ...(await readHeader(bytes, label)),
        provider: name,
        model,
        family: name,
        seed: request.seed,
        costUsd,
        ...(warnings.length > 0 && { warnings }),
      };
    },
    check: ({ signal }) => checkToken(settings, signal),
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
      ...chooseSize(request),
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

/** FLUX answers with base64 in JSON, older models with the picture itself. */
function pictureIn(answer: ProviderAnswer): Uint8Array | undefined {
  if (answer.status !== 200) return undefined;
  if (mediaTypeOf(answer.bytes) !== undefined) return answer.bytes;
  const image = resultSchema.safeParse(answer.json()).data?.result.image;
  return image === undefined ? undefined : Buffer.from(image.replace(/^data:[^,]{0,100},/, ''), 'base64');
}

const errorsSchema = z.object({ errors: z.array(z.object({ code: z.number() })) });

/** What an answer without a picture means: developers.cloudflare.com/workers-ai/platform/errors, 2026-11. */
function classify(answer: ProviderAnswer, now: number, hide: readonly string[]): ProviderError {
  const { status } = answer;
  const codes = errorsSchema.safeParse(answer.json()).data?.errors.map(({ code }) => code) ?? [];
  const has = (...known: number[]) => known.some((code) => codes.includes(code));
  const said = `(${[status, ...codes].join(', ')}): ${saidBy(answer, hide)}`;
  const waitMs = retryAfterMs(answer, now);
  const wait = waitMs !== undefined && { retryAfterMs: waitMs };

  if (status === 402 || has(3036)) {
    const until = nextMidnight(now);
    return new ProviderError('out_of_credit', `${label} is out of credit ${said}`, { status, until });
  }
  // 3040, no data centre with room, comes as 429 as well.
  if (status === 429) {
    return new ProviderError('rate_limited', `${label} asks for a pause ${said}`, { status, ...wait });
  }
  if (status === 401 || status === 403) {
    return new ProviderError('unauthorized', `${label} does not accept the token ${said}`, { status });
  }
  if (has(7000, 7003)) {
    const message = `${label} does not know the account: check CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_URL ${said}`;
    return new ProviderError('unauthorized', message, { status });
  }
  if (has(3042, 5007) || status === 404 || status === 410) {
    return new ProviderError('retired', `${label} does not serve the model ${said}`, { status });
  }
  // The filter is known to take harmless words for worse, apples among them (2026).
  if (status === 400 && /nsfw/i.test(said)) {
    return new ProviderError('content_rejected', `${label} refuses this prompt ${said}`, { status });
  }
  if (status === 408) {
    return new ProviderError('timeout', `${label} took too long ${said}`, { status, sent: true });
  }
  if (status === 503) {
    return new ProviderError('loading', `${label} is not ready ${said}`, { status, ...wait });
  }
  if (status >= 500) {
    return new ProviderError('unavailable', `${label} has a fault ${said}`, { status, sent: true });
  }
  if (status >= 200 && status < 300) {
    return new ProviderError('bad_image', `${label} sent no picture ${said}`, { status, sent: true });
  }
  return new ProviderError('invalid_request', `${label} does not take the request ${said}`, { status });
}

/** The free allocation is renewed at 00:00 UTC. */
function nextMidnight(now: number): number {
  const dayMs = 24 * 3_600_000;
  return (Math.floor(now / dayMs) + 1) * dayMs;
}

const checkTimeoutMs = 10_000;
const tokenSchema = z.object({ result: z.object({ status: z.string().max(100) }) });

/** Asks, which costs nothing, whether the token works. */
async function checkToken(settings: Settings, signal: AbortSignal): Promise<ProviderCheck> {
  try {
    return await withDeadline(checkTimeoutMs, signal, (bounded) => verifyToken(settings, bounded));
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `${label} could not be looked at: ${reason}. Check the network.` };
  }
}

async function verifyToken({ url, accountId, token, model }: Settings, signal: AbortSignal): Promise<ProviderCheck> {
  const verify = (owner: string) =>
    callProvider({
      label,
      method: 'GET',
      url: `${url}/${owner}/tokens/verify`,
      headers: { authorization: `Bearer ${token}` },
      signal,
    });
  // A token belongs to a person or to an account, and only its owner's route knows it.
  const first = await verify('user');
  const answer = first.status === 200 ? first : await verify(`accounts/${accountId}`);
  const state = tokenSchema.safeParse(answer.json()).data?.result.status;
  if (answer.status === 200 && state === 'active') {
    return { ok: true, message: `${label}: the token is active; ${model} is asked with it.` };
  }
  const said = state === undefined ? saidBy(answer, [token]) : `the token is ${state}`;
  const step = 'make one with the permission Workers AI (Read) at dash.cloudflare.com/profile/api-tokens';
  return { ok: false, message: `${label} answered ${answer.status} (${said}): ${step}.` };
}

import { createHash } from 'node:crypto';
import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { ImageProvider } from '../../core/provider.ts';
import type { ProviderDependencies, ProviderEntry } from '../entry.ts';
import { readImage } from './answer.ts';
import { checkServer } from './check.ts';
import { connect } from './connection.ts';
import { type Dialect, type DialectChoice, dialectChoices, dialectFor } from './dialects.ts';
import { label } from './failures.ts';
import { composeBody } from './request.ts';
import type { ProviderAnswer } from '../../lib/http/client.ts';

interface Settings {
  /** Where the API begins, mostly `…/v1`. */
  url: string;
  key: string | undefined;
  /** The server's own choice, unless given. */
  model: string | undefined;
  dialect: Dialect;
  costUsd: number;
}

const name = 'localai';

/** Any OpenAI-compatible image server: LocalAI, sd-server, OpenAI, Together, LiteLLM. */
export const localai: ProviderEntry = {
  name,
  label,
  read(environment) {
    const given = environment.optionalUrl('LOCALAI_API_URL');
    const key = environment.secret('LOCALAI_API_KEY');
    const model = environment.optional('LOCALAI_MODEL');
    const choice = readDialect(environment);
    const timeoutMs = 1000 * environment.number('LOCALAI_TIMEOUT_SECONDS', { fallback: 300, min: 1, max: 3600 });
    const concurrency = environment.number('LOCALAI_CONCURRENCY', { fallback: 1, min: 1, max: 64, whole: true });
    const costUsd = environment.number('LOCALAI_COST_USD', { fallback: 0, min: 0, max: 100 });
    if (given === undefined) return undefined;
    const url = withVersion(given);
    const dialect = dialectFor(choice, url, model);
    if (model === undefined && dialect.needsModel) {
      environment.problem('LOCALAI_MODEL is not set, but the service at LOCALAI_API_URL has many models: name one.');
    }
    return {
      name,
      label,
      timeoutMs,
      concurrency,
      costUsd,
      ...(model !== undefined && { model }),
      account: createHash('sha256')
        .update(`${key ?? ''}\n${url}`)
        .digest('hex')
        .slice(0, 8),
      create: (dependencies) => createLocalAi({ url, key, model, dialect, costUsd }, dependencies),
    };
  },
};

function readDialect(environment: Environment): DialectChoice {
  const given = environment.text('LOCALAI_DIALECT', 'auto').toLowerCase();
  const choice = dialectChoices.find((known) => known === given);
  if (choice === undefined) {
    environment.problem(`LOCALAI_DIALECT is "${given}": choose from ${dialectChoices.join(', ')}.`);
  }
  return choice ?? 'auto';
}

/** A bare host means its API, which all these servers have at /v1. */
function withVersion(given: string): string {
  const url = new URL(given);
  if (url.pathname === '/') url.pathname = '/v1';
  return url.href;
}

function createLocalAi(settings: Settings, { clock }: ProviderDependencies): ImageProvider {
  const { url, key, model, dialect, costUsd } = settings;
  const connection = connect({ url, key, clock });

  /** While LocalAI starts it does not know all of its models yet, and says so as if they did not exist. */
  const explain = async (answer: ProviderAnswer, hide: readonly string[], signal: AbortSignal) => {
    const failure = connection.failure(answer, hide);
    // A fault of a paid server may have cost money, and then it is not asked again.
    const mayBeStarting =
      failure.code === 'unavailable' ? costUsd === 0 : ['retired', 'unreachable'].includes(failure.code);
    if (!mayBeStarting || !dialect.hasReadiness || (await connection.isReady(signal))) return failure;
    return new ProviderError('loading', `${label} is still starting: ${failure.message}`, { status: answer.status });
  };

  return {
    name,
    label,
    async generate(request, { signal }) {
      const { body, warnings } = composeBody(request, dialect, model);
      const answer = await connection.post('/images/generations', body, signal);
      const isDone = answer.status >= 200 && answer.status < 300;
      const picture = isDone ? await readImage(answer, { trustedUrl: url, signal, clock }) : undefined;
      if (picture === undefined) {
        throw await explain(answer, [body.prompt, request.prompt, request.negativePrompt ?? ''], signal);
      }
      return {
        ...picture,
        provider: name,
        model: model ?? name,
        family: name,
        ...(dialect.hasSeed && { seed: request.seed }),
        costUsd,
        ...(warnings.length > 0 && { warnings }),
      };
    },
    check: ({ signal }) => checkServer(connection, { model, hasReadiness: dialect.hasReadiness }, signal),
  };
}

import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { defineProvider, type ProviderDependencies, type ProviderMethods, readChoice } from '../entry.ts';
import { fetchImage } from '../image.ts';
import { textsToRedact } from '../quote.ts';
import { checkServer, explainCheck } from './check.ts';
import { connect } from './connection.ts';
import { type Dialect, dialectChoices, dialectFor } from './dialects.ts';
import { label } from './failures.ts';
import { composeBody } from './request.ts';

interface Settings {
  /** Where the API begins, mostly `…/v1`. */
  url: string;
  key: string | undefined;
  /** The server's own choice, unless given. */
  model: string | undefined;
  dialect: Dialect;
  costUsd: number;
}

/** Any OpenAI-compatible image server: LocalAI, sd-server, OpenAI, Together, LiteLLM. */
export const localai = defineProvider({
  name: 'localai',
  label,
  prefix: 'LOCALAI',
  defaults: { timeoutSeconds: 300, concurrency: 1, mostConcurrency: 64, costUsd: 0 },
  read(environment, { costUsd }) {
    const given = environment.optionalUrl('LOCALAI_API_URL');
    const key = environment.secret('LOCALAI_API_KEY');
    const model = environment.optional('LOCALAI_MODEL');
    const choice = readChoice(environment, 'LOCALAI_DIALECT', dialectChoices);
    if (given === undefined) return undefined;
    const url = withVersion(given);
    const dialect = dialectFor(choice, url, model);
    if (model === undefined && dialect.needsModel) {
      environment.problem('LOCALAI_MODEL is not set, but the service at LOCALAI_API_URL has many models: name one.');
    }
    return {
      model,
      account: [key ?? '', url],
      create: (dependencies) => createLocalAi({ url, key, model, dialect, costUsd }, dependencies),
    };
  },
});

/** A bare host means its API, which all these servers have at /v1. */
function withVersion(given: string): string {
  const url = new URL(given);
  if (url.pathname === '/') url.pathname = '/v1';
  return url.href;
}

const given = z.string().min(1).optional().catch(undefined);
const answerSchema = z.object({ data: z.tuple([z.object({ b64_json: given, url: given })], z.unknown()) });

/** The image in an answer with a 2xx status, in base64, or its address; undefined when it holds none. */
export function referenceIn(answer: HttpAnswer): string | undefined {
  const item = answerSchema.safeParse(answer.json()).data?.data[0];
  return item?.b64_json ?? item?.url;
}

function createLocalAi(settings: Settings, { clock }: ProviderDependencies): ProviderMethods {
  const { url, key, model, dialect, costUsd } = settings;
  const connection = connect({ url, key, clock });

  /** While LocalAI starts it does not know all of its models yet, and says so as if they did not exist. */
  const explain = async (answer: HttpAnswer, toRedact: readonly string[], signal: AbortSignal) => {
    const failure = connection.failure(answer, toRedact);
    // A fault of a paid server may have cost money, and then it is not asked again.
    const mayBeStarting =
      failure.code === 'unavailable' ? costUsd === 0 : ['retired', 'unreachable'].includes(failure.code);
    if (!mayBeStarting || !dialect.hasReadiness || (await connection.isReady(signal))) return failure;
    return new ProviderError('loading', `${label} is still starting: ${failure.message}`, { status: answer.status });
  };

  return {
    async generate(request, { signal }) {
      const { body, warnings } = composeBody(request, dialect, model);
      const answer = await connection.post('/images/generations', body, signal);
      const isSuccess = answer.status >= 200 && answer.status < 300;
      const reference = isSuccess ? referenceIn(answer) : undefined;
      if (reference === undefined) throw await explain(answer, textsToRedact(request, body.prompt), signal);
      return {
        bytes: await fetchImage(reference, { label, trustedUrl: url, signal, clock }),
        seed: dialect.hasSeed ? request.seed : undefined,
        warnings,
      };
    },
    check: (signal) => checkServer(connection, { model, hasReadiness: dialect.hasReadiness }, signal),
    explainCheck: (error) => explainCheck(error, connection.host),
  };
}

import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { ProviderCheck } from '../../core/provider.ts';
import { DeadlineError } from '../../lib/deadline.ts';
import { inOrder, problem } from '../check.ts';
import type { Connection } from './connection.ts';
import { label } from './failures.ts';

const mostNamed = 5;

const entries = z.array(z.unknown()).transform((list) => list.flatMap((entry) => idOf.safeParse(entry).data ?? []));
const idOf = z.object({ id: z.string().min(1).max(200) }).transform(({ id }) => id);
/** Together sends the bare list. */
const listSchema = z.union([entries, z.object({ data: entries }).transform(({ data }) => data)]);

/** Looks at the server without drawing anything: there, started, its key right, the model among its models. */
export async function checkServer(
  connection: Connection,
  { model, hasReadiness }: { model: string | undefined; hasReadiness: boolean },
  signal: AbortSignal,
): Promise<ProviderCheck> {
  const { host } = connection;
  const answer = await connection.get('/models', signal);
  if (hasReadiness && !(await connection.isReady(signal))) {
    return problem(`${label} at ${host} is still starting: wait, its log shows how far it is.`);
  }
  const there = `${label} at ${host} is there`;
  if (answer.status === 404 || answer.status === 405) {
    return inOrder(`${there}; it does not list its models.`);
  }
  const ids = answer.status === 200 ? listSchema.safeParse(answer.json()).data : undefined;
  if (answer.status !== 200) throw connection.failure(answer);
  if (ids === undefined) {
    return problem(`Something other than an OpenAI-compatible server answers at ${host}: correct LOCALAI_API_URL.`);
  }
  const count = ids.length === 1 ? '1 model' : `${ids.length} models`;
  if (model === undefined) return inOrder(`${there}, with ${count}; it chooses the model itself.`);
  if (ids.some((id) => covers(id, model))) return inOrder(`${there}, and has the model ${model}.`);
  const choice = ids.length === 0 ? 'install one first' : `set LOCALAI_MODEL to ${nameSome(ids)}`;
  return problem(`${label} at ${host} has no model "${model}": ${choice}.`);
}

/** LiteLLM lists whole families as `openai/*`. */
function covers(id: string, model: string): boolean {
  return id === model || (id.endsWith('*') && model.startsWith(id.slice(0, -1)));
}

function nameSome(ids: readonly string[]): string {
  const named = ids.slice(0, mostNamed);
  return ids.length > mostNamed ? `${named.join(', ')} or another` : named.join(' or ');
}

/** What kept a check from its answer. */
export function explainCheck(error: unknown, host: string): string {
  if (error instanceof ProviderError) return `${error.message}.`;
  if (!(error instanceof DeadlineError)) throw error;
  return `${label} at ${host} gives ${error.message}: look at its log.`;
}

import { z } from 'zod';
import { DeadlineError, withDeadline } from '../../lib/deadline.ts';
import { ProviderError } from '../../core/errors.ts';
import type { ProviderCheck } from '../../core/provider.ts';
import type { Connection } from './connection.ts';
import { label } from './failures.ts';

const timeoutMs = 10_000;
const mostNamed = 5;

const entries = z.array(z.unknown()).transform((list) => list.flatMap((entry) => idOf.safeParse(entry).data ?? []));
const idOf = z.object({ id: z.string().min(1).max(200) }).transform(({ id }) => id);
/** Together sends the bare list. */
const listSchema = z.union([entries, z.object({ data: entries }).transform(({ data }) => data)]);

/** What is looked for. */
export interface CheckScene {
  model: string | undefined;
  hasReadiness: boolean;
}

/** Looks at the server without drawing anything: there, started, its key right, the model among its models. */
export async function checkServer(
  connection: Connection,
  scene: CheckScene,
  signal: AbortSignal,
): Promise<ProviderCheck> {
  try {
    return await withDeadline(timeoutMs, signal, (bounded) => look(connection, scene, bounded));
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof ProviderError) return { ok: false, message: `${error.message}.` };
    if (!(error instanceof DeadlineError)) throw error;
    return { ok: false, message: `${label} at ${connection.host} gives ${error.message}: look at its log.` };
  }
}

async function look(
  connection: Connection,
  { model, hasReadiness }: CheckScene,
  signal: AbortSignal,
): Promise<ProviderCheck> {
  const { host } = connection;
  const answer = await connection.get('/models', signal);
  if (hasReadiness && !(await connection.isReady(signal))) {
    return { ok: false, message: `${label} at ${host} is still starting: wait, its log shows how far it is.` };
  }
  const there = `${label} at ${host} is there`;
  if (answer.status === 404 || answer.status === 405) {
    return { ok: true, message: `${there}; it does not list its models.` };
  }
  const ids = answer.status === 200 ? listSchema.safeParse(answer.json()).data : undefined;
  if (answer.status !== 200) throw connection.failure(answer);
  if (ids === undefined) {
    const message = `Something other than an OpenAI-compatible server answers at ${host}: correct LOCALAI_API_URL.`;
    return { ok: false, message };
  }
  const count = ids.length === 1 ? '1 model' : `${ids.length} models`;
  if (model === undefined) return { ok: true, message: `${there}, with ${count}; it chooses the model itself.` };
  if (ids.some((id) => covers(id, model))) return { ok: true, message: `${there}, and has the model ${model}.` };
  const choice = ids.length === 0 ? 'install one first' : `set LOCALAI_MODEL to ${nameSome(ids)}`;
  return { ok: false, message: `${label} at ${host} has no model "${model}": ${choice}.` };
}

/** LiteLLM lists whole families as `openai/*`. */
function covers(id: string, model: string): boolean {
  return id === model || (id.endsWith('*') && model.startsWith(id.slice(0, -1)));
}

function nameSome(ids: readonly string[]): string {
  const named = ids.slice(0, mostNamed);
  return ids.length > mostNamed ? `${named.join(', ')} or another` : named.join(' or ');
}

import type { ProviderCheck } from '../../core/provider.ts';
import type { ProviderClient } from '../call.ts';
import { inOrder, problem } from '../check.ts';
import { quoteAnswer } from '../quote.ts';
import { askAccount, readAccount } from './account.ts';
import { label } from './failures.ts';
import type { Routes, RouteSettings } from './routes.ts';

/** Asks the Hub, which costs nothing, whose key it is and who serves the model. */
export async function checkHuggingFace(
  hub: ProviderClient,
  { key, model }: Pick<RouteSettings, 'key' | 'model'>,
  routes: Routes,
  signal: AbortSignal,
): Promise<ProviderCheck> {
  const answer = await askAccount(hub, signal);
  if (answer.status !== 200) {
    const step =
      answer.status === 401
        ? 'make a key that may "make calls to Inference Providers" at huggingface.co/settings/tokens'
        : 'try again later, and check HF_HUB_URL';
    return problem(`${label} answered ${answer.status} (${quoteAnswer(answer, [key])}): ${step}.`);
  }
  const open = await routes.open(signal);
  if (open.length === 0) {
    return problem(`${label} has no partner that serves ${model}: choose another HF_IMAGE_MODEL.`);
  }
  const account = readAccount(answer);
  const renewal = account?.renewsAt ? `, credit renews ${new Date(account.renewsAt).toISOString().slice(0, 10)}` : '';
  const served = open.map(({ partner }) => partner).join(', ');
  return inOrder(`${label}: key of ${account?.name ?? 'an account'}${renewal}; ${model} by ${served}.`);
}

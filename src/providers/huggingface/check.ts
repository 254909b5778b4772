import { withDeadline } from '../../lib/deadline.ts';
import type { ProviderCheck } from '../../core/provider.ts';
import { askAccount, readAccount } from './account.ts';
import { label } from './failures.ts';
import type { Routes, RouteSettings } from './routes.ts';
import { saidBy } from '../../lib/http/client.ts';

const timeoutMs = 10_000;

/** Asks the Hub, which costs nothing, whose key it is and who serves the model. */
export async function checkHuggingFace(
  settings: RouteSettings,
  routes: Routes,
  signal: AbortSignal,
): Promise<ProviderCheck> {
  try {
    return await withDeadline(timeoutMs, signal, (bounded) => look(settings, routes, bounded));
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `${label} could not be looked at: ${reason}. Check HF_HUB_URL and the network.` };
  }
}

async function look(settings: RouteSettings, routes: Routes, signal: AbortSignal): Promise<ProviderCheck> {
  const { key, model } = settings;
  const answer = await askAccount(settings, signal);
  if (answer.status !== 200) {
    const step =
      answer.status === 401
        ? 'make a key that may "make calls to Inference Providers" at huggingface.co/settings/tokens'
        : 'try again later, and check HF_HUB_URL';
    return { ok: false, message: `${label} answered ${answer.status} (${saidBy(answer, [key])}): ${step}.` };
  }
  const open = await routes.open(signal);
  if (open.length === 0) {
    return { ok: false, message: `${label} has no partner that serves ${model}: choose another HF_IMAGE_MODEL.` };
  }
  const account = readAccount(answer);
  const renewal = account?.renewsAt ? `, credit renews ${new Date(account.renewsAt).toISOString().slice(0, 10)}` : '';
  const served = open.map(({ partner }) => partner).join(', ');
  return { ok: true, message: `${label}: key of ${account?.name ?? 'an account'}${renewal}; ${model} by ${served}.` };
}

import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import type { ProviderClient } from '../call.ts';
import { shareAnswer } from './shared-answer.ts';

/** Whose key it is, and when its credit renews, in wall-clock ms. */
const accountSchema = z
  .object({
    name: z.string().max(100),
    /** Unix seconds; null without a subscription. */
    periodEnd: z.number().positive().max(1e11).nullish().catch(null),
  })
  .transform(({ name, periodEnd }) => ({ name, renewsAt: periodEnd ? periodEnd * 1000 : undefined }));
type Account = z.infer<typeof accountSchema>;

/** Asks the Hub whose key it is, which costs nothing. */
export function askAccount(hub: ProviderClient, signal: AbortSignal): Promise<HttpAnswer> {
  return hub.get('/api/whoami-v2', signal);
}

/** Undefined when the answer tells of no account. */
export function readAccount(answer: HttpAnswer): Account | undefined {
  return accountSchema.safeParse(answer.status === 200 ? answer.json() : undefined).data;
}

const knownForMs = 3_600_000;
/** Credit renews every month; what lies further off is something else. */
const longestMs = 40 * 24 * 3_600_000;

/** When the account's credit renews, in wall-clock ms, asked once for all and kept for an hour; undefined when the Hub does not tell a time that can be. */
export function createRenewal(hub: ProviderClient, clock: Clock) {
  const findAccount = shareAnswer<Account>({
    clock,
    ask: async (signal) => readAccount(await askAccount(hub, signal)),
    knownForMs: () => knownForMs,
  });
  return async (signal: AbortSignal): Promise<number | undefined> => {
    const renewsAt = (await findAccount(signal))?.renewsAt;
    const now = clock.now();
    return renewsAt !== undefined && renewsAt > now && renewsAt <= now + longestMs ? renewsAt : undefined;
  };
}

import { DeadlineError, withDeadline } from '../lib/deadline.ts';
import type { Finding } from '../core/finding.ts';
import type { ImageProvider } from '../core/provider.ts';
import { describeLockout } from '../messages/failures.ts';
import type { ProviderMemory } from '../state/provider-memory.ts';
import { errorText } from '../lib/text.ts';

/** A provider of the chain, and what its lockout is filed under. */
interface CheckedProvider {
  provider: ImageProvider;
  account: string;
  model: string;
}

interface ProviderCheckOptions {
  memory: ProviderMemory;
  /** Wall-clock ms. */
  now: number;
  signal: AbortSignal;
  timeoutMs?: number;
}

/** Checks every provider at once, free of charge, and forgets lockouts; one that fails is a problem unless another real one is well. */
export async function checkProviders(
  providers: readonly CheckedProvider[],
  { memory, now, signal, timeoutMs = 15_000 }: ProviderCheckOptions,
): Promise<Finding[]> {
  const lockouts = providers.map(({ provider: { name }, account, model }) => memory.recall({ name, account, model }));
  await memory.forget();
  const checks = await Promise.all(providers.map(({ provider }) => checkProvider(provider, signal, timeoutMs)));
  const isServed = checks.some(({ key, state }) => key !== 'provider.placeholder' && state === 'well');
  return checks.flatMap((check, index) => {
    const finding: Finding = check.state === 'problem' && isServed ? { ...check, state: 'warning' } : check;
    const [lockout, provider] = [lockouts[index], providers[index]?.provider];
    return lockout && provider ? [finding, lockoutFinding(provider, describeLockout(lockout, now))] : [finding];
  });
}

async function checkProvider(provider: ImageProvider, signal: AbortSignal, timeoutMs: number): Promise<Finding> {
  const { name, label } = provider;
  const subject = { key: `provider.${name}`, about: label };
  const check = provider.check?.bind(provider);
  if (!check) return { ...subject, state: 'note', message: 'It cannot be looked at free of charge.' };
  try {
    const { ok, message } = await withDeadline(timeoutMs, signal, (bounded) => check({ signal: bounded }));
    return { ...subject, state: ok ? 'well' : 'problem', message };
  } catch (error) {
    signal.throwIfAborted();
    const reason = errorText(error).replace(/\.$/, '');
    const step = error instanceof DeadlineError ? 'see whether it is up, and the network' : 'check its address and key';
    return { ...subject, state: 'problem', message: `${label} could not be looked at (${reason}): ${step}.` };
  }
}

function lockoutFinding({ name, label }: ImageProvider, lockout: string): Finding {
  return {
    key: `memory.${name}`,
    about: `Memory of ${label}`,
    state: 'note',
    message: `${label} was remembered as ${lockout}; that is forgotten now, and a worker that starts from now on asks it again.`,
  };
}

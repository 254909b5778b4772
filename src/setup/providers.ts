import { DeadlineError, withDeadline } from '../lib/deadline.ts';
import type { Finding } from '../core/finding.ts';
import type { ImageProvider } from '../core/provider.ts';

/** A provider to look at. */
export interface ProviderPatient {
  provider: ImageProvider;
  /** What is remembered against it, in words. */
  remembered: string | undefined;
}

const checkTimeoutMs = 15_000;
const cardName = 'placeholder';

/** Looks at every provider at once, free of charge; one that is ill is a problem unless another real one is well. */
export async function examineProviders(
  patients: readonly ProviderPatient[],
  signal: AbortSignal,
  timeoutMs = checkTimeoutMs,
): Promise<Finding[]> {
  const looks = await Promise.all(patients.map(({ provider }) => examineProvider(provider, signal, timeoutMs)));
  const spare = patients.some(({ provider }, index) => provider.name !== cardName && looks[index]?.state === 'well');
  return patients.flatMap(({ provider, remembered }, index) => {
    const look = looks[index];
    const own: Finding[] = look ? [look.state === 'problem' && spare ? { ...look, state: 'warning' } : look] : [];
    if (remembered !== undefined) {
      const message = `${provider.label} was remembered as ${remembered}; that is forgotten now, and a worker that starts from now on asks it again.`;
      own.push({ key: `memory.${provider.name}`, about: `Memory of ${provider.label}`, state: 'note', message });
    }
    return own;
  });
}

async function examineProvider(provider: ImageProvider, signal: AbortSignal, timeoutMs: number): Promise<Finding> {
  const { name, label } = provider;
  const subject = { key: `provider.${name}`, about: label };
  const check = provider.check?.bind(provider);
  if (!check) return { ...subject, state: 'note', message: 'It cannot be looked at free of charge.' };
  try {
    const { ok, message } = await withDeadline(timeoutMs, signal, (bounded) => check({ signal: bounded }));
    return { ...subject, state: ok ? 'well' : 'problem', message };
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    const step = error instanceof DeadlineError ? 'see whether it is up, and the network' : 'check its address and key';
    return { ...subject, state: 'problem', message: `${label} could not be looked at (${reason}): ${step}.` };
  }
}

import type { Attempt } from '../../core/provider.ts';
import { reactions } from '../../core/reactions.ts';
import { providerAlertMessages } from '../../messages/alerts.ts';
import type { ProviderState } from '../../chain/chain.ts';
import type { Alerts } from './alerts.ts';

const codes: readonly string[] = Object.keys(providerAlertMessages);

/**
 * Raises and clears the alerts about providers, each time that it is called with the attempts of a row: the chain knows how
 * each provider is now, the attempts what it said.
 */
export function createProviderAlerts(
  alerts: Alerts,
  providers: () => readonly ProviderState[],
): (attempts: readonly Attempt[]) => void {
  const present = providers();
  for (const key of alerts.raised().keys()) {
    const [code = '', name] = key.split(':');
    if (!codes.includes(code)) continue;
    const provider = present.find((candidate) => candidate.name === name);
    if (!provider) alerts.forget(key);
    // Without a lockout, the alert was about an earlier key or model.
    else if (provider.breaker.kind === 'closed') alerts.outdate(key);
  }

  return (attempts) => {
    for (const { name, label, breaker } of providers()) {
      const own = attempts.filter(({ provider }) => provider === name);
      if (breaker.kind === 'closed') {
        if (!own.some(({ outcome }) => outcome === 'ok')) continue;
        for (const code of codes) alerts.clear(`${code}:${name}`);
        continue;
      }
      const { code } = breaker.lockout;
      if (!reactions[code].alert) continue;
      const detail = own.findLast(({ outcome }) => outcome === code)?.detail;
      const message = providerAlertMessages[code]?.(label, detail);
      if (message) alerts.raise(`${code}:${name}`, message);
    }
  };
}

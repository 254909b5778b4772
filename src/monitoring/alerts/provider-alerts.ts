import { reactions } from '../../core/reactions.ts';
import type { Attempt } from '../../core/provider.ts';
import type { Alerts } from './alerts.ts';
import type { ProviderState } from '../health/facts.ts';
import { providerAlertMessages } from '../../messages/alerts.ts';

const codes: readonly string[] = Object.keys(providerAlertMessages);

/** Follows the providers: the chain knows how each stands now, the attempts what they said. */
export function createProviderAlerts(alerts: Alerts, providers: () => readonly ProviderState[]) {
  const present = providers();
  for (const key of alerts.standing()) {
    const [code = '', name] = key.split(':');
    if (!codes.includes(code)) continue;
    const provider = present.find((candidate) => candidate.name === name);
    if (!provider) alerts.forget(key);
    // What is not remembered of it belongs to an earlier key or model.
    else if (provider.breaker.kind === 'closed') alerts.doubt(key);
  }

  return {
    review(attempts: readonly Attempt[]): void {
      for (const { name, label, breaker } of providers()) {
        const own = attempts.filter(({ provider }) => provider === name);
        if (breaker.kind === 'closed') {
          if (!own.some(({ outcome }) => outcome === 'ok')) continue;
          for (const code of codes) alerts.end(`${code}:${name}`);
          continue;
        }
        const { code } = breaker.lockout;
        if (!reactions[code].alert) continue;
        const detail = own.findLast(({ outcome }) => outcome === code)?.detail;
        const message = providerAlertMessages[code]?.(label, detail);
        if (message) alerts.begin(`${code}:${name}`, message);
      }
    },
  };
}

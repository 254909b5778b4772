import type { Environment } from '../core/environment.ts';

/** Whom the worker reports to. */
export interface MonitoringSettings {
  /** Pinged after every pass; a secret, for whoever knows it can speak for the worker. */
  heartbeatUrl: string | undefined;
  /** Sent what the operator has to mend; a secret for the same reason. */
  alertWebhookUrl: string | undefined;
}

/** Reads HEARTBEAT_URL and ALERT_WEBHOOK_URL. */
export function readMonitoringSettings(environment: Environment): MonitoringSettings {
  return {
    heartbeatUrl: readSecretUrl(environment, 'HEARTBEAT_URL'),
    alertWebhookUrl: readSecretUrl(environment, 'ALERT_WEBHOOK_URL'),
  };
}

/** An address that is a secret as a whole. */
function readSecretUrl(environment: Environment, name: string): string | undefined {
  const value = environment.secret(name);
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!url || !isWeb || url.username !== '' || url.password !== '' || url.hash !== '') {
    environment.problem(`${name} is not a web address: copy it again, whole, such as https://example.com/…`);
    return undefined;
  }
  environment.markSecret(url.href);
  // Logs may show the address without its host; a short path is not what makes it secret.
  const path = `${url.pathname}${url.search}`;
  if (path.length >= 12) environment.markSecret(path);
  return url.href;
}

import { validate as isCronExpression } from 'node-cron';
import { ConfigError } from '../core/errors.ts';
import { type Environment, readEnvironment, type Variables } from '../core/environment.ts';
import {
  type NotionSettings,
  readNotionSettings,
  readWorkspaceSettings,
  type WorkspaceSettings,
} from '../notion/settings.ts';
import { type ProviderSettings, readProviders } from '../providers/registry.ts';
import { readServerSettings, type ServerSettings } from '../server/settings.ts';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Every decision that settings make, checked, but for the board. */
export interface BoardlessConfig {
  /** The chain: what is configured, in the order it is asked. */
  providers: ProviderSettings[];
  rowTimeoutMs: number;
  /** For paid providers in a month, in US dollars; undefined is no cap. */
  monthlyBudgetUsd: number | undefined;
  /** Are drawn cards replaced once a real provider is back? */
  healing: boolean;
  imagesDir: string;
  schedule: string;
  timeZone: string;
  logLevel: LogLevel;
  /** Values that must never be shown. */
  secrets: readonly string[];
}

/** Every decision that settings make, checked. */
export interface Config extends BoardlessConfig {
  notion: NotionSettings;
  /** Hears of every pass; a secret, for whoever knows it can speak for the worker. */
  heartbeatUrl: string | undefined;
  /** Hears of what the operator has to mend; a secret for the same reason. */
  alertWebhookUrl: string | undefined;
  server: ServerSettings;
}

/**
 * Turns environment variables into a Config.
 * @throws {ConfigError} naming every mistake at once.
 */
export function readConfig(variables: Variables): Config {
  return checked(variables, readAll);
}

/** The same for commands that need no board. @throws {ConfigError} */
export function readBoardlessConfig(variables: Variables): BoardlessConfig {
  return checked(variables, readWork);
}

/** What it takes to make a board. */
export interface InitConfig {
  notion: WorkspaceSettings;
  logLevel: LogLevel;
  secrets: readonly string[];
}

/** The same for a workspace that has no board yet. @throws {ConfigError} */
export function readInitConfig(variables: Variables): InitConfig {
  return checked(variables, (environment) => {
    const notion = readWorkspaceSettings(environment);
    return { notion, logLevel: readLogLevel(environment), secrets: environment.secrets };
  });
}

/** Settings with the mistakes in them; where there is one, the Config holds the default, or nothing. */
export interface SettingsReport {
  config: Config;
  problems: readonly string[];
}

/** Reads settings for whom mistakes are worth telling and no reason to stop. */
export function inspectSettings(variables: Variables): SettingsReport {
  const environment = readEnvironment(variables);
  return { config: readAll(environment), problems: environment.problems };
}

function checked<T>(variables: Variables, read: (environment: Environment) => T): T {
  const environment = readEnvironment(variables);
  const config = read(environment);
  if (environment.problems.length > 0) throw new ConfigError(environment.problems);
  return config;
}

/** The names of all settings. */
export function settingsRead(variables: Variables): ReadonlySet<string> {
  const environment = readEnvironment(variables);
  readAll(environment);
  return environment.names;
}

function readAll(environment: Environment): Config {
  return {
    notion: readNotionSettings(environment),
    heartbeatUrl: readSecretUrl(environment, 'HEARTBEAT_URL'),
    alertWebhookUrl: readSecretUrl(environment, 'ALERT_WEBHOOK_URL'),
    server: readServerSettings(environment),
    ...readWork(environment),
  };
}

function readWork(environment: Environment): BoardlessConfig {
  const providers = readProviders(environment);
  if (providers.length === 0) {
    environment.problem(
      'IMAGE_PROVIDERS leaves nobody to ask: set a key such as HUGGINGFACE_API_KEY, or add placeholder to the list.',
    );
  }
  return {
    providers,
    rowTimeoutMs: 1000 * environment.number('ROW_TIMEOUT_SECONDS', { fallback: 300, min: 5, max: 3600 }),
    monthlyBudgetUsd: readBudget(environment),
    healing: environment.flag('PLACEHOLDER_HEALING', true),
    imagesDir: environment.text('IMAGES_DIR', 'images'),
    schedule: readSchedule(environment),
    timeZone: readTimeZone(environment),
    logLevel: readLogLevel(environment),
    secrets: environment.secrets,
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
  // Also where it is told without its host; a short path is not what makes it secret.
  const path = `${url.pathname}${url.search}`;
  if (path.length >= 12) environment.markSecret(path);
  return url.href;
}

function readBudget(environment: Environment): number | undefined {
  if (environment.optional('MONTHLY_BUDGET_USD') === undefined) return undefined;
  return environment.number('MONTHLY_BUDGET_USD', { fallback: 0, min: 0, max: 1_000_000 });
}

function readSchedule(environment: Environment): string {
  const schedule = environment.text('SYNC_SCHEDULE', '*/5 * * * *');
  if (!isCronExpression(schedule)) {
    environment.problem(`SYNC_SCHEDULE is "${schedule}": give a cron expression such as "*/5 * * * *".`);
  }
  return schedule;
}

function readTimeZone(environment: Environment): string {
  const timeZone = environment.text('TIMEZONE', 'UTC');
  try {
    void Intl.DateTimeFormat('en', { timeZone });
  } catch {
    environment.problem(`TIMEZONE is "${timeZone}": give a name such as Europe/Berlin or UTC.`);
  }
  return timeZone;
}

function readLogLevel(environment: Environment): LogLevel {
  const given = environment.text('LOG_LEVEL', 'info').toLowerCase();
  const level = logLevels.find((candidate) => candidate === given);
  if (level === undefined) environment.problem(`LOG_LEVEL is "${given}": choose from ${logLevels.join(', ')}.`);
  return level ?? 'info';
}

import { type ChainSettings, readChainSettings } from '../chain/settings.ts';
import { ConfigError } from '../core/errors.ts';
import { type Environment, readEnvironment, type Variables } from '../core/environment.ts';
import { type MonitoringSettings, readMonitoringSettings } from '../monitoring/settings.ts';
import {
  type NotionSettings,
  readNotionSettings,
  readWorkspaceSettings,
  type WorkspaceSettings,
} from '../notion/settings.ts';
import { type ProviderSettings, readProviders } from '../providers/registry.ts';
import { readServerSettings, type ServerSettings } from '../server/settings.ts';
import { readScheduleSettings, type ScheduleSettings } from '../worker/settings.ts';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;

interface LogSettings {
  logLevel: (typeof logLevels)[number];
  secrets: readonly string[];
}

/** Every decision that settings make, checked, but for the board. */
export interface BoardlessConfig extends ChainSettings, ScheduleSettings, LogSettings {
  /** The chain: what is configured, in the order it is asked. */
  providers: ProviderSettings[];
  /** Are placeholders replaced once a real provider is back? */
  healing: boolean;
  imagesDir: string;
}

/** Every decision that settings make, checked. */
export interface Config extends BoardlessConfig, MonitoringSettings {
  notion: NotionSettings;
  server: ServerSettings;
}

/** What it takes to make a board. */
export interface InitConfig extends LogSettings {
  notion: WorkspaceSettings;
}

/** Settings with the mistakes in them; where there is one, the Config holds the default, or nothing. */
export interface SettingsReport {
  config: Config;
  problems: readonly string[];
}

/**
 * Turns environment variables into a Config.
 * @throws {ConfigError} naming every mistake at once.
 */
export function readConfig(variables: Variables): Config {
  return readOrThrow(variables, readAll);
}

/** Reads the settings of commands that need no board. @throws {ConfigError} */
export function readBoardlessConfig(variables: Variables): BoardlessConfig {
  return readOrThrow(variables, readBoardless);
}

/** Reads the settings of a workspace that has no board yet. @throws {ConfigError} */
export function readInitConfig(variables: Variables): InitConfig {
  return readOrThrow(variables, (environment) => {
    return { notion: readWorkspaceSettings(environment), ...readLogSettings(environment) };
  });
}

/** Reads settings for a command that reports mistakes and goes on. */
export function inspectSettings(variables: Variables): SettingsReport {
  const environment = readEnvironment(variables);
  return { config: readAll(environment), problems: environment.problems };
}

/** The names of all settings. */
export function settingsRead(variables: Variables): ReadonlySet<string> {
  const environment = readEnvironment(variables);
  readAll(environment);
  return environment.names;
}

function readOrThrow<T>(variables: Variables, read: (environment: Environment) => T): T {
  const environment = readEnvironment(variables);
  const config = read(environment);
  if (environment.problems.length > 0) throw new ConfigError(environment.problems);
  return config;
}

function readAll(environment: Environment): Config {
  return {
    notion: readNotionSettings(environment),
    ...readMonitoringSettings(environment),
    server: readServerSettings(environment),
    ...readBoardless(environment),
  };
}

function readBoardless(environment: Environment): BoardlessConfig {
  const providers = readProviders(environment);
  if (providers.length === 0) {
    environment.problem(
      'IMAGE_PROVIDERS leaves nobody to ask: set a key such as HUGGINGFACE_API_KEY, or add placeholder to the list.',
    );
  }
  return {
    providers,
    ...readChainSettings(environment),
    healing: environment.flag('PLACEHOLDER_HEALING', true),
    imagesDir: environment.text('IMAGES_DIR', 'images'),
    ...readScheduleSettings(environment),
    ...readLogSettings(environment),
  };
}

function readLogSettings(environment: Environment): LogSettings {
  const given = environment.text('LOG_LEVEL', 'info').toLowerCase();
  const logLevel = logLevels.find((candidate) => candidate === given);
  if (logLevel === undefined) environment.problem(`LOG_LEVEL is "${given}": choose from ${logLevels.join(', ')}.`);
  return { logLevel: logLevel ?? 'info', secrets: environment.secrets };
}

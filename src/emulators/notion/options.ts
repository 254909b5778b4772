import { type Clock, type Random, systemClock, systemRandom } from '../../lib/clock.ts';

const allCapabilities = {
  readContent: true,
  updateContent: true,
  insertContent: true,
};

/** What the connection's owner ticked when it was made. */
export type Capabilities = Record<keyof typeof allCapabilities, boolean>;

/** A fixed window: so many requests, then none until it ends. */
export interface RateLimit {
  requests: number;
  windowMs: number;
}

/** The board's knobs; every one but `port`, `clock`, `random`, `token` and `maxHeldBytes` may be turned while it runs. */
export interface EmbeddedBoardOptions {
  /** 0 takes any free port. */
  port?: number;
  clock?: Clock;
  random?: Random;
  token?: string;
  /** The name in "shared with your integration" messages. */
  connectionName?: string;
  capabilities?: Partial<Capabilities>;
  /** The plan's limit per file. */
  maxUploadBytes?: number;
  rateLimit?: RateLimit;
  /** Rows one query can reach over all its pages. */
  queryCap?: number;
  latencyMs?: number;
  /** Queries answer with the rows as they were so long ago; 0 answers with the present. */
  staleQueryMs?: number;
  /** For so long after it was sent, an upload is not found when it is attached. */
  attachLagMs?: number;
  /** Shifts the Date header and every time stamp. */
  clockSkewMs?: number;
  /** False: nothing is shared with the connection, and everything is not found. */
  shared?: boolean;
  /** File bytes held in memory before the oldest are let go. */
  maxHeldBytes?: number;
}

const defaults: Required<Omit<EmbeddedBoardOptions, 'capabilities'>> = {
  port: 0,
  clock: systemClock,
  random: systemRandom,
  token: 'ntn_embedded_board',
  connectionName: 'Embedded board',
  maxUploadBytes: 5 * 1024 * 1024,
  rateLimit: { requests: 180, windowMs: 60_000 },
  queryCap: 10_000,
  latencyMs: 0,
  staleQueryMs: 0,
  attachLagMs: 0,
  clockSkewMs: 0,
  shared: true,
  maxHeldBytes: 512 * 1024 * 1024,
};

/** The options as they stand, with every default filled in. */
export function settingsOf(options: EmbeddedBoardOptions) {
  return { ...defaults, ...options, capabilities: { ...allCapabilities, ...options.capabilities } };
}

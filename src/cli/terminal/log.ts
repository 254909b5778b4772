import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { Redact } from '../../lib/redact.ts';

/** Lines for people. */
export function prettyStream(write: (line: string) => void, colorize: boolean): DestinationStream {
  const format = pretty.prettyFactory({
    colorize,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    hideObject: true,
  });
  return { write: (line) => write(`${format(line)?.trimEnd() ?? line}\n`) };
}

/** The product's logger. Every line passes `redact` on its way out, so that no field, message or stack shows a secret. */
export function createLog(options: { level: string; redact: Redact; destination: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['token', 'authorization', '*.token', '*.authorization', '*.headers'], censor: '[secret]' },
      hooks: { streamWrite: (line) => options.redact(line) },
    },
    options.destination,
  );
}

import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { createRedact } from '../../src/lib/redact.ts';

const required = { NOTION_TOKEN: 'ntn_test', NOTION_DATABASE_ID: '1234567890abcdef1234567890abcdef' };

describe.each(['HEARTBEAT_URL', 'ALERT_WEBHOOK_URL'])('%s', (name) => {
  it('is hidden, whole and by its path', () => {
    const address = 'https://hooks.example.com/services/T000/canary?key=1';
    const redact = createRedact(readConfig({ ...required, [name]: address }).secrets);
    expect(redact(`POST ${address} failed`)).toBe('POST [secret] failed');
    expect(redact('404 for /services/T000/canary?key=1')).toBe('404 for [secret]');
    expect(redact('hooks.example.com')).toBe('hooks.example.com');
  });

  it.each(['ftp://example.com/canary', 'canary', 'https://canary:x@example.com', 'https://example.com/#canary'])(
    'is refused as %s, without being shown',
    (address) => {
      const read = () => readConfig({ ...required, [name]: address });
      expect(read).toThrow(ConfigError);
      expect(read).toThrow(`${name} is not a web address`);
      expect(read).not.toThrow(/canary/);
    },
  );
});

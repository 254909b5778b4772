import { describe, expect, it } from 'vitest';
import { callProvider } from '../../src/providers/call.ts';
import { closedAddress, openGate } from '../support/gate.ts';

const { signal } = new AbortController();
const call = (url: string, maxBytes?: number) =>
  callProvider('Test', { method: 'GET', url, signal, ...(maxBytes !== undefined && { maxBytes }) });

describe('callProvider', () => {
  it('knows a request that went nowhere as unreachable, with nothing sent', async () => {
    const url = await closedAddress();
    await expect(call(`${url}/path?secret=1`)).rejects.toMatchObject({
      code: 'unreachable',
      message: `Test cannot be reached at ${url.slice(7)} (connection refused)`,
      facts: { sent: false },
    });
  });

  it('knows a lost connection as unavailable and a flood as a bad image, both possibly sent', async () => {
    const gate = await openGate(await closedAddress());
    try {
      gate.meet(() => 'reset in the body');
      await expect(call(gate.url)).rejects.toMatchObject({ code: 'unavailable', facts: { sent: true } });
      gate.meet(() => ({ status: 201, body: 'x'.repeat(3 * 1024 * 1024) }));
      await expect(call(gate.url, 2 * 1024 * 1024)).rejects.toMatchObject({
        code: 'bad_image',
        message: 'Test sent more than 2 MiB',
        facts: { status: 201, sent: true },
      });
    } finally {
      await gate.close();
    }
  });
});

import { describe, expect, it } from 'vitest';

import { send } from '../../../src/notion/client/transport.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { hang, startFaultServer, until } from '../../support/notion/fault-server.ts';

describe('send', () => {
  it('rejects with the reason of an abort, whatever it is', async () => {
    const server = await startFaultServer(hang);
    const controller = new AbortController();
    const { signal } = controller;
    const work = send({ url: server.url }, { timeoutMs: 60_000, maxBodyBytes: 10, clock: createFakeClock(), signal });
    const outcome = work.catch((reason: unknown) => reason);
    await until(() => server.requests.length === 1);
    controller.abort('enough');
    expect(await outcome).toBe('enough');
    await server.close();
  });
});

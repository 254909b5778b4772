import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../../src/lib/clock.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { connect } from '../../../src/providers/automatic1111/connection.ts';
import { cancelTask } from '../../../src/providers/automatic1111/task.ts';
import {
  contextWith,
  createStableDiffusion,
  failureOf,
  imageRequest,
} from '../../support/fakes/automatic1111-provider.ts';
import { type FakeAutomatic1111, startAutomatic1111 } from '../../support/fakes/automatic1111.ts';

const forever = Number.POSITIVE_INFINITY;
let server: FakeAutomatic1111;

afterEach(() => server?.close());

function draw(signal?: AbortSignal, clock: Clock = systemClock) {
  return createStableDiffusion({ SD_API_URL: server.url }, { clock }).generate(imageRequest, contextWith(signal));
}

function connectionTo(url: string) {
  return connect({ label: 'Stable Diffusion', url, login: undefined, clock: systemClock });
}

describe('an image given up', () => {
  it('while the checkpoint is looked up is never sent', async () => {
    server = await startAutomatic1111();
    const controller = new AbortController();
    const provider = createStableDiffusion({ SD_API_URL: server.url, SD_MODEL: 'sd_xl_base_1.0' });
    const looked = server.until(() => server.count('GET /sdapi/v1/sd-models') === 1);
    const drawing = provider.generate(imageRequest, contextWith(controller.signal));
    await looked;
    controller.abort('enough');
    await expect(drawing).rejects.toBe('enough');
    expect(server.count('POST /sdapi/v1/txt2img')).toBe(0);
  });

  it('while it is drawn is told at once with the reason, and its job is interrupted', async () => {
    server = await startAutomatic1111({ delayMs: forever });
    const controller = new AbortController();
    const reason = new Error('no answer within 120 s');
    const drawing = draw(controller.signal);
    await server.until(() => server.active !== undefined);
    controller.abort(reason);
    await expect(drawing).rejects.toBe(reason);
    await server.until(() => server.interrupted === 1);
    expect(server.generated).toBe(0);
  });

  it('never interrupts the job of somebody else, and stops its own once that starts', async () => {
    server = await startAutomatic1111({ delayMs: forever });
    const theirs = draw();
    await server.until(() => server.active !== undefined);
    const running = server.active;
    const naps = new EventTarget();
    const clock: Clock = {
      ...systemClock,
      sleep: async () => {
        const awake = once(naps, 'wake');
        naps.dispatchEvent(new Event('sleep'));
        await awake;
      },
    };
    const controller = new AbortController();
    const ours = draw(controller.signal, clock);
    await server.until(() => server.bodies.length === 2);
    const asleep = once(naps, 'sleep');
    controller.abort('enough');
    await expect(ours).rejects.toBe('enough');
    await asleep;
    expect(server.active).toBe(running);
    expect(server.interrupted).toBe(0);
    await fetch(`${server.url}/sdapi/v1/interrupt`, { method: 'POST' });
    await theirs;
    await server.until(() => server.active !== undefined && server.active !== running);
    naps.dispatchEvent(new Event('wake'));
    await server.until(() => server.interrupted === 2);
  });
});

describe('a job that the server still runs', () => {
  it('is interrupted when the connection is lost', async () => {
    server = await startAutomatic1111({ delayMs: forever });
    server.behaviour.reply = (response) => {
      void server.until(() => server.active !== undefined).then(() => response.destroy());
    };
    expect(await failureOf(draw())).toMatchObject({ code: 'unavailable', facts: { sent: true } });
    await server.until(() => server.interrupted === 1);
  });

  it.each([
    [504, 'unavailable'],
    [408, 'timeout'],
  ])('is interrupted when a gateway gives up with %i', async (status, code) => {
    server = await startAutomatic1111({ delayMs: forever });
    server.behaviour.reply = (response) => {
      void server.until(() => server.active !== undefined).then(() => response.writeHead(status).end('gateway'));
    };
    expect(await failureOf(draw())).toMatchObject({ code, facts: { status, sent: true } });
    await server.until(() => server.interrupted === 1);
  });

  it('is not looked for when the server itself answered', async () => {
    server = await startAutomatic1111({ failure: 'crash' });
    expect(await failureOf(draw())).toMatchObject({ code: 'unavailable' });
    expect(server.count('POST /internal/progress')).toBe(0);
  });
});

describe('cancelling', () => {
  it('leaves a job alone on a server that cannot tell whose job runs', async () => {
    server = await startAutomatic1111({ delayMs: forever, missing: ['/internal/progress'] });
    const drawing = draw();
    await server.until(() => server.active !== undefined);
    await cancelTask(connectionTo(server.url), server.active ?? '', systemClock, silentLog);
    expect(server.count('POST /internal/progress')).toBe(1);
    expect(server.count('POST /sdapi/v1/interrupt')).toBe(0);
    await fetch(`${server.url}/sdapi/v1/interrupt`, { method: 'POST' });
    await drawing;
  });

  it('has nothing to do for a job that is done', async () => {
    server = await startAutomatic1111();
    await draw();
    await cancelTask(connectionTo(server.url), String(server.bodies[0]?.['force_task_id']), systemClock, silentLog);
    expect(server.count('POST /internal/progress')).toBe(1);
    expect(server.count('POST /sdapi/v1/interrupt')).toBe(0);
  });

  it('stops looking for a job that never shows', async () => {
    server = await startAutomatic1111();
    const sleeps: number[] = [];
    const clock: Clock = { ...systemClock, sleep: async (ms) => void sleeps.push(ms) };
    await cancelTask(connectionTo(server.url), 'task(unknown)', clock, silentLog);
    expect(sleeps).toEqual(Array.from({ length: 10 }, () => 500));
    expect(server.count('POST /sdapi/v1/interrupt')).toBe(0);
  });

  it('never fails, and tells the log why it could not', async () => {
    server = await startAutomatic1111();
    await server.close();
    const debug = vi.fn<(data: object, message: string) => void>();
    await cancelTask(connectionTo(server.url), 'task(x)', systemClock, { ...silentLog, debug });
    expect(debug).toHaveBeenCalledOnce();
  });

  it('gives up on a server that does not answer within 5 s', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const debug = vi.fn<(data: object, message: string) => void>();
      const asked = once(silent, 'request');
      const cancelling = cancelTask(connectionTo(`http://127.0.0.1:${port}`), 'task(x)', systemClock, {
        ...silentLog,
        debug,
      });
      await asked;
      vi.advanceTimersByTime(5000);
      await cancelling;
      expect(debug.mock.calls[0]?.[0]).toEqual({ reason: 'no answer within 5 s' });
    } finally {
      vi.useRealTimers();
      silent.closeAllConnections();
      await new Promise((resolve) => silent.close(resolve));
    }
  });
});

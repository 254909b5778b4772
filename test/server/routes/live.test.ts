import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createPageFixture, row, type PageFixture, serve, startPass } from '../../support/server/page-fixture.ts';
import { asAnn, asBob, fakeSettings, type OpenServer } from '../../support/server/server-rig.ts';

async function serving(options: { busy?: boolean } = {}): Promise<{ fixture: PageFixture; server: OpenServer }> {
  const fixture = await createPageFixture(options);
  return { fixture, server: await serve(fixture, fakeSettings()) };
}

const overviewSchema = z.looseObject({
  at: z.string(),
  activity: z.looseObject({ kind: z.string() }),
  running: z.array(z.looseObject({ title: z.string() })),
  waiting: z.looseObject({ rows: z.array(z.unknown()) }),
  viewer: z.looseObject({ name: z.string() }),
});

/** A stream of events as a browser has it. */
async function watch(url: string, headers: Record<string, string> = asAnn) {
  const request = get(`${url}/api/events`, { headers });
  const response = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
  response.setEncoding('utf8');
  let text = '';
  const listeners = new Set<() => void>();
  response.on('data', (piece: string) => {
    text += piece;
    for (const listener of listeners) listener();
  });
  response.on('error', () => undefined);
  const overviews = () =>
    [...text.matchAll(/^event: overview\ndata: (.*)$/gm)].map(([, data = '']) =>
      overviewSchema.parse(JSON.parse(data)),
    );
  return {
    response,
    overviews,
    leave: () => request.destroy(),
    /** The first overview, by now or later, that fits. */
    until: (fits: (overview: z.infer<typeof overviewSchema>) => boolean) =>
      new Promise<z.infer<typeof overviewSchema>>((resolve) => {
        const check = () => {
          const found = overviews().find(fits);
          if (!found) return;
          listeners.delete(check);
          resolve(found);
        };
        listeners.add(check);
        check();
      }),
  };
}

async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('GET /api/overview', () => {
  it('tells the viewer everything at once, and looks at the board for the next time', async () => {
    const { server } = await serving({ busy: true });
    const response = await server.inject({ url: '/api/overview', headers: asAnn });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      viewer: { name: 'ann', canLogOut: false },
      activity: { kind: 'idle' },
      version: '0.1.0',
    });
    await eventually(
      async () => 'board' in (await server.inject({ url: '/api/overview', headers: asAnn })).json<object>(),
    );
  });

  it('is for those who are known', async () => {
    const { server } = await serving();
    expect((await server.inject({ url: '/api/overview' })).statusCode).toBe(401);
    expect((await server.inject({ url: '/api/events' })).statusCode).toBe(401);
  });
});

describe('GET /api/events', () => {
  it('streams the overview at once, and again when something happens', async () => {
    const { fixture, server } = await serving({ busy: true });
    const stream = await watch(server.url);
    expect(stream.response.headers['content-type']).toBe('text/event-stream');
    expect(stream.response.headers['cache-control']).toBe('no-store');
    await stream.until(({ activity }) => activity.kind === 'idle');
    startPass(fixture);
    const { running } = await stream.until((overview) => overview.running.length === 2);
    expect(running[0]?.title).toBe(row(10).title);
    fixture.events.emit('outcome', { kind: 'skipped', post: row(10), reason: 'moved', again: false });
    await stream.until((overview) => overview.running.length === 1);
    stream.leave();
  });

  it('shows each viewer as who they are', async () => {
    const { server } = await serving();
    const streams = [await watch(server.url, asAnn), await watch(server.url, asBob)];
    const names = streams.map(async (stream) => (await stream.until(() => true)).viewer.name);
    expect(await Promise.all(names)).toEqual(['ann', 'bob']);
    for (const { leave } of streams) leave();
  });

  it('shows a board that is out of reach as such, and goes on', async () => {
    const { fixture, server } = await serving();
    fixture.board.trouble = new Error('torn');
    const stream = await watch(server.url);
    expect(await stream.until((overview) => 'boardTrouble' in overview)).toMatchObject({
      boardTrouble: 'The board could not be read; the log says more.',
    });
    stream.leave();
  });

  it('has room for ten of one viewer; the next is told so and may ask now and then', async () => {
    const { server } = await serving();
    const streams = await Promise.all(Array.from({ length: 10 }, () => watch(server.url)));
    const refused = await server.inject({ url: '/api/events', headers: asAnn });
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '10']);
    expect(refused.json()).toMatchObject({ error: 'No stream to be had' });
    expect((await server.inject({ url: '/api/overview', headers: asAnn })).statusCode).toBe(200);
    streams[0]?.leave();
    await eventually(async () => {
      const stream = await watch(server.url);
      stream.leave();
      return stream.response.statusCode === 200;
    });
    for (const { leave } of streams) leave();
  });

  it('opens none for a HEAD request', async () => {
    const { server } = await serving();
    const response = await server.inject({ method: 'HEAD', url: '/api/events', headers: asAnn });
    expect(response.statusCode).toBeGreaterThanOrEqual(404);
  });

  it('ends with the worker, and leaves nothing behind', async () => {
    const fixture = await createPageFixture();
    const server = await serve(fixture, fakeSettings());
    const streams = await Promise.all(Array.from({ length: 5 }, () => watch(server.url)));
    const ends = streams.map(({ response }) => once(response, 'end'));
    fixture.stop.abort(new Error('The worker stops.'));
    await Promise.all(ends);
    await server.close();
    const left = fixture.events
      .eventNames()
      .filter((name) => name !== 'attempt' && fixture.events.listenerCount(name) > 0);
    expect(left).toEqual([]);
  });

  it('listens as often for many viewers as for one, and for those who have gone not at all', async () => {
    const { fixture, server } = await serving();
    const before = fixture.events.listenerCount('outcome');
    for (let visit = 0; visit < 12; visit += 1) {
      const stream = await watch(server.url);
      await stream.until(() => true);
      stream.leave();
    }
    expect(fixture.events.listenerCount('outcome')).toBe(before);
  });
});

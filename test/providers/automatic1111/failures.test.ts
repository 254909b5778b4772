import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import {
  contextWith,
  createStableDiffusion,
  failureOf,
  imageRequest,
} from '../../support/fakes/automatic1111-provider.ts';
import { type Behaviour, type FakeAutomatic1111, startAutomatic1111 } from '../../support/fakes/automatic1111.ts';

let server: FakeAutomatic1111 | undefined;

afterEach(() => server?.close());

async function fail(behaviour: Partial<Behaviour>, variables: Record<string, string> = {}) {
  server = await startAutomatic1111(behaviour);
  const provider = createStableDiffusion({ SD_API_URL: server.url, ...variables });
  return failureOf(provider.generate(imageRequest, contextWith()));
}

function answering(status: number, body: unknown, headers: Record<string, string> = {}): Partial<Behaviour> {
  const sent = typeof body === 'string' ? body : JSON.stringify(body);
  return { reply: (response) => response.writeHead(status, headers).end(sent) };
}

describe('a server out of reach', () => {
  it('is told in the sentence that users know, with what to do', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const address = closed.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await new Promise((resolve) => closed.close(resolve));
    const url = `http://127.0.0.1:${port}`;
    for (const SD_MODEL of ['', 'sd_xl_base_1.0']) {
      const provider = createStableDiffusion({ SD_API_URL: `${url}/`, SD_MODEL });
      const failure = await failureOf(provider.generate(imageRequest, contextWith()));
      expect(failure).toMatchObject({ code: 'unreachable', facts: { sent: false } });
      expect(failure.message).toBe(
        `Stable Diffusion API is not accessible at ${url}: start the web UI with --api, or correct SD_API_URL`,
      );
    }
  });

  it('is a server whose API is off', async () => {
    const failure = await fail({ api: false }, { SD_MODEL: 'sd_xl_base_1.0' });
    expect(failure.code).toBe('unreachable');
    expect(failure.message).toBe(`Stable Diffusion answers at ${server?.url}, but its API is off: start it with --api`);
  });

  it.each([
    ['a page', 404, '<html><body>Not Found</body></html>'],
    ['nothing', 404, ''],
    ['another method', 405, { detail: 'Method Not Allowed' }],
  ])('is one that answers with %s', async (_, status, body) => {
    expect(await fail(answering(status, body))).toMatchObject({ code: 'unreachable', facts: { status } });
  });

  it('is one that redirects', async () => {
    const failure = await fail(answering(308, '', { location: 'https://elsewhere.example/sdapi/v1/txt2img' }));
    expect(failure.code).toBe('unreachable');
    expect(failure.message).toContain('set SD_API_URL to its final address');
  });
});

describe('a lost connection', () => {
  it.each([
    ['a look', { SD_MODEL: 'sd_xl_base_1.0' }, false],
    ['a job', {}, true],
  ])('during %s is told, and whether anything was spent', async (_, variables: Record<string, string>, sent) => {
    const broken = createServer((_request, response) => response.destroy());
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const address = broken.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const provider = createStableDiffusion({ SD_API_URL: `http://127.0.0.1:${port}`, ...variables });
    const failure = await failureOf(provider.generate(imageRequest, contextWith()));
    expect(failure).toMatchObject({ code: 'unavailable', facts: { sent } });
    broken.closeAllConnections();
    await new Promise((resolve) => broken.close(resolve));
  });
});

describe('a login', () => {
  it.each(['a1111', 'forge', 'sdnext'] as const)('that %s wants is asked for', async (flavour) => {
    const failure = await fail({ flavour, login: 'anna:open-sesame' });
    expect(failure).toMatchObject({ code: 'unauthorized', facts: { status: 401, sent: false } });
    expect(failure.message).toContain('set SD_API_AUTH');
  });

  it('that is wrong is named without showing it', async () => {
    const failure = await fail({ login: 'anna:open-sesame' }, { SD_API_AUTH: 'anna:wrong-word', SD_MODEL: 'x' });
    expect(failure.code).toBe('unauthorized');
    expect(failure.message).toContain('refuses the login in SD_API_AUTH');
    expect(failure.message).not.toContain('wrong-word');
  });
});

describe('a failed drawing', () => {
  it('for want of memory is named with advice', async () => {
    const failure = await fail({ failure: 'out_of_memory' });
    expect(failure).toMatchObject({ code: 'unavailable', facts: { status: 500, sent: true } });
    expect(failure.message).toContain('ran out of graphics memory');
  });

  it('without content is a bad image', async () => {
    expect(await fail({ failure: 'nans' })).toMatchObject({ code: 'bad_image', facts: { sent: true } });
  });

  it('is told in the words of the exception', async () => {
    const failure = await fail({ failure: 'crash' });
    expect(failure.code).toBe('unavailable');
    expect(failure.message).toBe(
      'Stable Diffusion answered 500: RuntimeError: Expected all tensors to be on the same device',
    );
  });

  it('is plain text on Forge', async () => {
    const failure = await fail({ flavour: 'forge', failure: 'out_of_memory' });
    expect(failure.code).toBe('unavailable');
    expect(failure.message).toBe('Stable Diffusion answered 500: Internal Server Error');
  });

  it.each(['sdnext', 'koboldcpp'] as const)('is an answer without an image on %s', async (flavour) => {
    const failure = await fail({ flavour, failure: 'crash' });
    expect(failure).toMatchObject({ code: 'unavailable', facts: { status: 200, sent: true } });
    expect(failure.message).toContain('made no picture');
  });
});

describe('an answer', () => {
  it.each([
    [400, { error: 'prompt required' }, 'invalid_request', 'prompt required'],
    [402, { detail: 'pay first' }, 'out_of_credit', 'pay first'],
    [404, { detail: 'Sampler not found' }, 'invalid_request', 'Sampler not found'],
    [410, { detail: 'gone' }, 'retired', 'gone'],
    [413, 'Payload Too Large', 'invalid_request', 'Payload Too Large'],
    [
      422,
      { error: 'HTTPException', detail: 'Script not found', body: '', errors: '' },
      'invalid_request',
      'Script not found',
    ],
    [500, '"unsupported operand"', 'unavailable', 'unsupported operand'],
    [500, { error: 'server_error', message: 'generate_image failed' }, 'unavailable', 'generate_image failed'],
    [502, '<html>Bad Gateway</html>', 'unavailable', 'an HTML page'],
    [503, { detail: { msg: 'Server is busy', type: 'service_unavailable' } }, 'loading', 'Server is busy'],
  ])('%i is %j', async (status, body, code, words) => {
    const failure = await fail({ ...answering(status, body), samplers: [{ name: 'Euler a', aliases: [] }] });
    expect(failure).toMatchObject({ code, facts: { status } });
    expect(failure.message).toContain(`answered ${status}: `);
    expect(failure.message).toContain(words);
  });

  it('422 names the field that is wrong', async () => {
    server = await startAutomatic1111();
    const provider = createStableDiffusion({ SD_API_URL: server.url });
    const failure = await failureOf(provider.generate({ ...imageRequest, seed: 0.5 }, contextWith()));
    expect(failure.code).toBe('invalid_request');
    expect(failure.message).toBe('Stable Diffusion answered 422: seed: value is not a valid int');
  });

  it('in which koboldcpp is busy asks to wait', async () => {
    server = await startAutomatic1111({ flavour: 'koboldcpp', delayMs: Number.POSITIVE_INFINITY });
    const provider = createStableDiffusion({ SD_API_URL: server.url });
    const first = provider.generate(imageRequest, contextWith());
    await server.until(() => server?.active !== undefined);
    const failure = await failureOf(provider.generate(imageRequest, contextWith()));
    expect(failure).toMatchObject({ code: 'loading', facts: { sent: false } });
    await fetch(`${server.url}/sdapi/v1/interrupt`, { method: 'POST' });
    await first;
  });
});

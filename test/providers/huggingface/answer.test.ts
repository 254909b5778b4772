import nock from 'nock';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/lib/clock.ts';
import {
  contextOf,
  create,
  drawPng,
  failure,
  fakeClock,
  request,
  useStrictNock,
} from '../../support/providers/huggingface-rig.ts';

useStrictNock();

const router = 'https://router.huggingface.co';
const hub = { HF_HUB_URL: 'http://127.0.0.1:1' };
const job = '/fal-ai/flux/requests/abc';
const status = `/fal-ai${job}/status?_subdomain=queue`;
const result = `/fal-ai${job}?_subdomain=queue`;
const done = { status: 'COMPLETED' };

function generate(partner = 'fal-ai', clock: Clock = fakeClock(), signal?: AbortSignal) {
  return create({ ...hub, HF_PROVIDER: partner }, clock).generate(request, contextOf(signal));
}

/** fal takes the job; everything else is the test's. */
function fal() {
  const scope = nock(router, { reqheaders: { authorization: 'Bearer hf_test' } });
  return scope
    .post('/fal-ai/fal-ai/flux/schnell?_subdomain=queue')
    .reply(200, { request_id: 'abc', status: 'IN_QUEUE', response_url: `https://queue.fal.run${job}` });
}

const files = 'https://v3.fal.media';

/** nscale answers with an address; what is there is the test's. */
function named(url: string) {
  nock(router)
    .post(/nscale/)
    .reply(200, { data: [{ url }] });
  return generate('nscale');
}

describe('a queued job', () => {
  it('is asked for until it is done, more and more slowly', async () => {
    const clock = fakeClock();
    fal().get(status).times(9).reply(200, { status: 'IN_PROGRESS' }).get(status).reply(200, done);
    const image = `data:image/png;base64,${(await drawPng()).toString('base64')}`;
    nock(router)
      .get(result)
      .reply(200, { images: [{ url: image }] });
    await generate('fal-ai', clock);
    expect(clock.sleeps).toHaveLength(10);
    expect(clock.sleeps.slice(0, 3)).toEqual([500, 600, 720]);
    expect(clock.sleeps.at(-1)).toBe(2000);
  });

  it('survives two lost questions in a row, not three', async () => {
    const image = `data:image/png;base64,${(await drawPng()).toString('base64')}`;
    fal().get(status).reply(502, '<html>').get(status).replyWithError('gone').get(status).reply(200, done);
    nock(router)
      .get(result)
      .reply(200, { images: [{ url: image }] });
    await generate();
    fal().get(status).times(2).reply(500, '').get(status).reply(200, { status: 'IN_QUEUE' });
    nock(router).get(status).times(3).reply(500, '');
    expect(await failure(generate())).toMatchObject({ code: 'unavailable', facts: { sent: true, status: 500 } });
  });

  it('is given up in the end', async () => {
    fal().get(status).times(600).reply(200, { status: 'IN_QUEUE' });
    expect(await failure(generate())).toMatchObject({ code: 'timeout', facts: { sent: true } });
  });

  it.each([
    [422, { detail: [{ msg: 'no', type: 'content_policy_violation' }] }, 'content_rejected'],
    [403, { detail: 'Exhausted balance' }, 'out_of_credit'],
    [422, { detail: [{ msg: 'too large' }] }, 'invalid_request'],
    [404, { detail: 'not found' }, 'unavailable'],
    [503, '', 'unavailable'],
    [200, { images: [{ url: 'data:image/png;base64,iVBORw0KGgo=' }], has_nsfw_concepts: [true] }, 'content_rejected'],
    [200, { images: [] }, 'bad_image'],
  ])('that ends in %d %j is understood', async (code, body, expected) => {
    fal().get(status).reply(200, done).get(result).reply(code, body);
    expect((await failure(generate())).code).toBe(expected);
  });

  it.each([
    [
      'wavespeed',
      '/wavespeed/api/v3/black-forest-labs/FLUX.1-schnell',
      {
        data: { id: 'j', status: 'failed', urls: { get: 'https://api.wavespeed.ai/api/v3/x' }, error: 'NSFW content' },
      },
      'content_rejected',
    ],
    [
      'wavespeed',
      '/wavespeed/api/v3/black-forest-labs/FLUX.1-schnell',
      { data: { id: 'j', status: 'failed', urls: { get: 'https://api.wavespeed.ai/api/v3/x' }, error: 'oom' } },
      'unavailable',
    ],
    [
      'replicate',
      '/replicate/v1/models/black-forest-labs/FLUX.1-schnell/predictions',
      { id: 'j', status: 'failed', error: 'CUDA out of memory' },
      'unavailable',
    ],
    ['zai-org', '/zai-org/api/paas/v4/async/images/generations', { id: 'j', task_status: 'FAIL' }, 'unavailable'],
  ])('that failed at %s is a failure that may have cost money (%#)', async (partner, path, body, code) => {
    nock(router)
      .post(path)
      .reply(200, { message: 'success', ...body });
    expect((await failure(generate(partner))).code).toBe(code);
  });
});

describe('an image that is named by its address', () => {
  it('is fetched without the key', async () => {
    const png = await drawPng();
    nock(files, { badheaders: ['authorization'] })
      .get('/a.png')
      .reply(200, png);
    expect(Buffer.from((await named(`${files}/a.png`)).bytes).equals(png)).toBe(true);
  });

  it('is asked for once more, and never generated again', async () => {
    nock(files)
      .get('/a.png')
      .reply(504, 'x')
      .get('/a.png')
      .reply(200, await drawPng());
    await named(`${files}/a.png`);
    nock(files).get('/a.png').replyWithError('gone').get('/a.png').reply(404, '');
    const error = await failure(named(`${files}/a.png`));
    expect(error).toMatchObject({ code: 'unavailable', facts: { sent: true, status: 404 } });
    expect(error.message).toBe('Hugging Face made a picture that could not be fetched (404 from v3.fal.media)');
  });

  it('is not followed to another address', async () => {
    nock(files).get('/a.png').reply(302, '', { location: 'http://169.254.169.254/' });
    expect((await failure(named(`${files}/a.png`))).code).toBe('unavailable');
  });

  it('is a bad image when it is a page', async () => {
    nock(files).get('/a.png').reply(200, '<html>');
    expect((await failure(named(`${files}/a.png`))).code).toBe('bad_image');
  });

  it.each(['http://v3.fal.media/a.png', 'https://127.0.0.1/a.png', 'https://u:p@v3.fal.media/'])(
    'is not asked for at %s',
    async (url) => {
      expect(await failure(named(url))).toMatchObject({ code: 'bad_image', facts: { sent: true } });
    },
  );
});

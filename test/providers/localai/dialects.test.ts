import { describe, expect, it } from 'vitest';
import { dialectFor } from '../../../src/providers/localai/dialects.ts';

const own = 'http://127.0.0.1:8080/v1';
const named = {
  localai: dialectFor('localai', own),
  openai: dialectFor('openai', own),
  together: dialectFor('together', own),
  plain: dialectFor('plain', own),
};

describe('the automatic dialect', () => {
  it.each([
    ['http://127.0.0.1:8080/v1', 'stablediffusion', 'localai'],
    ['http://[::1]:8080/v1', undefined, 'localai'],
    ['http://192.168.1.7:8080/v1', undefined, 'localai'],
    ['http://gpu:8080/v1', undefined, 'localai'],
    ['http://gpu.lan:8080/v1', undefined, 'localai'],
    ['https://localai.example.com/v1', undefined, 'localai'],
    ['https://api.openai.com/v1', 'some-new-model', 'openai'],
    ['http://litellm:4000/v1', 'openai/gpt-image-1', 'openai'],
    ['https://gateway.example.com/v1', 'GPT-Image-1-mini', 'openai'],
    ['https://api.together.xyz/v1', 'black-forest-labs/FLUX.1-dev', 'together'],
    ['https://api.together.ai/v1', undefined, 'together'],
    ['https://api.deepinfra.com/v1/openai', 'black-forest-labs/FLUX-1-schnell', 'plain'],
    ['https://notopenai.com/v1', undefined, 'plain'],
    ['https://api.openai.com.example.com/v1', undefined, 'plain'],
  ] as const)('of %s with the model %s is %s', (url, model, dialect) => {
    expect(dialectFor('auto', url, model)).toBe(named[dialect]);
  });

  it('gives way to the one chosen', () => {
    expect(dialectFor('plain', 'https://api.openai.com/v1', 'gpt-image-1')).toBe(named.plain);
    expect(dialectFor('localai', 'https://ai.example.com/v1', 'sd')).toBe(named.localai);
  });
});

describe('the dialect of OpenAI', () => {
  it('never names a response format to the gpt-image models', () => {
    expect(named.openai.base64).toBeUndefined();
  });

  it('asks the older models for base64, each in its sizes', () => {
    const older = dialectFor('auto', 'https://api.openai.com/v1', 'dall-e-3');
    expect(older).toMatchObject({ base64: 'b64_json', longestPrompt: 4000 });
    expect(older.size).toContainEqual({ width: 1792, height: 1024 });
    const oldest = dialectFor('openai', own, 'dall-e-2');
    expect(oldest).toMatchObject({ base64: 'b64_json', size: [{ width: 1024, height: 1024 }] });
  });
});

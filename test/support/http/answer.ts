import type { HttpAnswer } from '../../../src/lib/http/client.ts';

/** An answer with this body: text as it is, anything else as JSON. */
export function httpAnswer(body: unknown, status = 200, headers: Record<string, string> = {}): HttpAnswer {
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  return {
    status,
    headers,
    bytes: Buffer.from(text),
    text: () => text.slice(0, 4096),
    json() {
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    },
  };
}

import * as fc from 'fast-check';
import type { GateAnswer } from '../support/gate.ts';

/** How an answer is made hostile; `real` is what the server would have said. */
export type Spoil = (real: GateAnswer | undefined) => GateAnswer;

/** Answers that no honest server gives: noise, foreign JSON, and real answers with parts replaced by `lures` and worse. */
export function hostileAnswers(lures: readonly string[]): fc.Arbitrary<Spoil> {
  const status = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(200, 201, 202) },
    fc.constantFrom(204, 302, 400, 401, 402, 403, 404, 408, 410, 418, 422, 429, 500, 502, 503, 524, 599),
  );
  const text = fc.oneof(fc.string(), fc.constantFrom(...lures, ...traps));
  const value = fc.oneof(text, fc.jsonValue(), fc.constantFrom(null, -1, 1e308, true, [], {}, [[]], [null]));
  const headers = fc.dictionary(
    fc.constantFrom('retry-after', 'ratelimit', 'location', 'content-type', 'x-ratelimit-reset'),
    fc.oneof(
      fc.constantFrom('-1', '1e9', '99999999999', 'soon', 'image/png', 'text/html', '"a";r=0;t=9'),
      fc.nat().map(String),
    ),
    { maxKeys: 2 },
  );
  const whole = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    text,
    value.map((json) => JSON.stringify(json)),
    text.map((words) => JSON.stringify({ error: words, detail: words, message: words })),
  );
  const replaced = fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    fc.record({ status, headers, body: whole }).map(
      (answer): Spoil =>
        () =>
          answer,
    ),
    fc.record({ status, headers, replaced }).map(({ status, headers, replaced }): Spoil => (real) => ({
      status,
      headers,
      body: JSON.stringify(replaced.reduce((json, [place, value]) => replaceAt(json, place, value), parse(real))),
    })),
  );
}

const traps = [
  'http://127.0.0.1:1/picture.png',
  'http://169.254.169.254/latest/meta-data',
  'https://[::1]/picture.png',
  'https://127.1/picture.png',
  'file:///etc/passwd',
  'data:image/png;base64,iVBORw0KGgo=',
  'data:image/svg+xml,<svg/>',
  '../../../etc/passwd',
  '<html><body>Welcome</body></html>',
  'succeeded',
  'failed',
  'processing',
  'COMPLETED',
  'IN_QUEUE',
  'FAILED',
];

function parse(answer: GateAnswer | undefined): unknown {
  try {
    return JSON.parse(String(answer?.body));
  } catch {
    return {};
  }
}

/** The JSON with the value at one of its places, chosen by number, replaced. */
function replaceAt(json: unknown, place: number, value: unknown): unknown {
  const places = placesIn(json);
  const path = places[place % places.length] ?? [];
  return replaceIn(json, path, value);
}

function placesIn(json: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof json !== 'object' || json === null) return [path];
  const inner = Object.entries(json).flatMap(([key, value]) => placesIn(value, [...path, key]));
  return path.length === 0 && inner.length > 0 ? inner : [path, ...inner];
}

function replaceIn(json: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined || typeof json !== 'object' || json === null) return value;
  const entries = Object.entries(json).map(([name, old]: [string, unknown]) => [
    name,
    name === key ? replaceIn(old, rest, value) : old,
  ]);
  return Array.isArray(json) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

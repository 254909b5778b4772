/** What an answer's body says; nothing of it is sure. */
export type Facts = Readonly<Record<string, unknown>>;

export interface Answer {
  ok: boolean;
  body: Facts;
  /** What the server, or the lack of one, has to say. */
  message: string;
}

export interface Question {
  method?: 'POST';
  /** Sent as JSON. */
  body?: object;
  signal?: AbortSignal;
}

/** Asks the server. Whoever has to log in is led there; an abort rejects. */
export async function ask(path: string, { body, ...rest }: Question = {}): Promise<Answer> {
  try {
    const response = await fetch(path, {
      ...rest,
      headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.status === 401) location.assign('/login?next=/');
    const facts = factsOf(await response.json().catch(() => ({})));
    return {
      ok: response.ok,
      body: facts,
      message: textOf(facts['message']) ?? `The server answered ${response.status}.`,
    };
  } catch (error) {
    rest.signal?.throwIfAborted();
    if (!(error instanceof TypeError)) throw error;
    return { ok: false, body: {}, message: 'The server cannot be reached: check the connection, then try again.' };
  }
}

export function factsOf(value: unknown): Facts {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

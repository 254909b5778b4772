import type { z } from 'zod';

/** Whose shapes the server answers in; reForge is like a1111. */
export type Flavour = 'a1111' | 'forge' | 'sdnext' | 'koboldcpp';
export type Failure = 'out_of_memory' | 'nans' | 'crash';

/** An answer before it is sent: JSON, or text. */
export interface Reply {
  status: number;
  json?: unknown;
  text?: string;
}

export const ok = (json: unknown): Reply => ({ status: 200, json });

/** FastAPI's own answer, outside of the API's wrapper. */
export const detail = (status: number, words: unknown): Reply => ({ status, json: { detail: words } });

/** An exception that carries a status. */
export function httpException(flavour: Flavour, status: number, words: string): Reply {
  return flavour === 'forge' ? detail(status, words) : wrapped(flavour, status, 'HTTPException', words, '');
}

/** An exception that nobody expected. */
export function exception(flavour: Flavour, name: string, words: string): Reply {
  return flavour === 'forge' ? { status: 500, text: 'Internal Server Error' } : wrapped(flavour, 500, name, '', words);
}

/** What comes of a drawing that failed. */
export function failedDrawing(flavour: Flavour, failure: Failure): Reply {
  if (flavour === 'sdnext') return ok({ images: [], parameters: {}, info: '{}' });
  if (flavour === 'koboldcpp') return ok({ images: [''], parameters: {}, info: '' });
  const exceptions = {
    out_of_memory: ['OutOfMemoryError', 'CUDA out of memory. Tried to allocate 2.25 GiB'],
    nans: ['NansException', 'A tensor with all NaNs was produced in VAE.'],
    crash: ['RuntimeError', 'Expected all tensors to be on the same device'],
  } as const;
  const [name, words] = exceptions[failure];
  return exception(flavour, name, words);
}

/** The 422 of pydantic 1. */
export function invalidFields(error: z.ZodError): Reply {
  const issues = error.issues.map((issue) => {
    const kind = issue.code === 'invalid_type' ? issue.expected : 'value';
    return { loc: ['body', ...issue.path], msg: `value is not a valid ${kind}`, type: `type_error.${kind}` };
  });
  return detail(422, issues);
}

function wrapped(flavour: Flavour, status: number, error: string, words: string, errors: string): Reply {
  const code = flavour === 'sdnext' ? { code: status } : {};
  return { status, json: { error, ...code, detail: words, body: '', errors } };
}

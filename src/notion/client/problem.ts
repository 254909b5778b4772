import { isHTTPResponseError } from '@notionhq/client';
import { z } from 'zod';
import { parseJson } from '../../lib/json.ts';

const problemBody = z.object({
  code: z.string(),
  message: z.string(),
  additional_data: z
    .object({
      rate_limit_reason: z.string().optional(),
      retry_after: z.union([z.string(), z.number()]).optional(),
      block_limit: z.string().optional(),
    })
    .optional()
    .catch(undefined),
});

/** The body of Notion's error answers, as far as it is used. */
export type ProblemBody = z.infer<typeof problemBody>;

/** Notion's error body; undefined when the body is something else, such as a gateway's page. */
export function parseProblem(body: string): ProblemBody | undefined {
  return problemBody.safeParse(parseJson(body)).data;
}

/** True when Notion has barred the connection, so that asking again makes it worse. */
export function isBlocked(problem: ProblemBody | undefined): boolean {
  return problem?.additional_data?.rate_limit_reason === 'public_api_request_blocked';
}

/** What Notion said to a request that it did not carry out. */
export interface NotionProblem {
  status: number;
  /** Notion's error code, such as `object_not_found`; the official client's own where the answer was not Notion's. */
  code: string;
  message: string;
}

/** What Notion said, from an error that `NotionClient.call` threw or from its causes; undefined when Notion said nothing. */
export function notionProblem(error: unknown): NotionProblem | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (isHTTPResponseError(current)) {
      const { code, message } = parseProblem(current.body) ?? current;
      return { status: current.status, code, message };
    }
  }
  return undefined;
}

/** The call's answer; undefined where Notion knows no such thing. */
export async function undefinedIfMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (notionProblem(error)?.status === 404) return undefined;
    throw error;
  }
}

/** Is it Notion's answer to a token that it does not know? */
export function isTokenRefused(error: unknown): boolean {
  return notionProblem(error)?.status === 401;
}

import { isHTTPResponseError } from '@notionhq/client';
import { z } from 'zod';
import { lenient, parseJson } from '../../lib/json.ts';

const problemBody = z.object({
  code: z.string(),
  message: z.string(),
  additional_data: lenient(
    z.object({
      rate_limit_reason: z.string().optional(),
      retry_after: z.union([z.string(), z.number()]).optional(),
      block_limit: z.string().optional(),
    }),
  ),
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

/** The status that Notion answered with, from an error that `NotionClient.call` threw or from its causes; undefined when it did not answer. */
export function answeredStatus(error: unknown): number | undefined {
  if (isHTTPResponseError(error)) return error.status;
  return error instanceof Error ? answeredStatus(error.cause) : undefined;
}

/** The call's answer; undefined where Notion knows no such thing. */
export async function undefinedIfMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (answeredStatus(error) === 404) return undefined;
    throw error;
  }
}

/** Is it Notion's answer to a token that it does not know? */
export function isTokenRefused(error: unknown): boolean {
  return answeredStatus(error) === 401;
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { extractNotionId, verifyWebhookSignature } from '@notionhq/client';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { parseJson } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import { automationNotice, isSameId, type NoticeBoard, noticeEvent, noticeLifeMs, reasonToDrop } from './notice.ts';

/** The answer to a notice over HTTP. */
export interface NoticeAnswer {
  status: number;
  /** One sentence. */
  message: string;
}

/** A request's headers, their names in lower case. */
export type NoticeHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface NoticeOptions {
  /** Signs Notion's own notices. */
  verificationToken: string | undefined;
  /** Proves buttons, automations and people's own tools. */
  secret: string | undefined;
  clock: Clock;
  log: Log;
  /** Writes the token of a handshake where only the operator finds it; answers with the file's path. */
  saveToken: (token: string) => Promise<string>;
  /** Undefined while the board has not been read. */
  board: () => NoticeBoard | undefined;
  /** A row may have been marked, this one where it is named. */
  marked: (postId?: string) => void;
}

const handshake = z.object({ verification_token: z.string() });
const tokenShape = /^secret_[A-Za-z0-9]{10,200}$/;
const mostRemembered = 1000;
const betweenTokensMs = 60_000;

/** Understands the requests that come to the webhook's address. What none of the proofs vouches for is a 401 and changes nothing. */
export function createNotices(
  options: NoticeOptions,
): (body: Uint8Array, headers: NoticeHeaders) => Promise<NoticeAnswer> {
  const { verificationToken, secret, clock, log, saveToken, board, marked } = options;
  const isRepeated = createDeduplicator(clock);
  let isRefusing = false;
  let savedToken = { value: '', at: Number.NEGATIVE_INFINITY };

  const refused = (message: string): NoticeAnswer => {
    // Anyone can send rubbish, so that only the first after a good one is worth a line.
    log[isRefusing ? 'debug' : 'warn']({}, `A notice was refused. ${message}`);
    isRefusing = true;
    return { status: 401, message };
  };

  const dropped = (reason: string): NoticeAnswer => {
    log.debug({ reason }, 'A notice was dropped');
    return { status: 200, message: `Dropped: ${reason}.` };
  };

  const noted = (pageId: string | undefined): NoticeAnswer => {
    log.debug({ post: pageId }, 'A notice says that a row may have been marked');
    marked((pageId !== undefined && extractNotionId(pageId)) || undefined);
    return { status: 200, message: 'Noted: the board is looked at now.' };
  };

  const answerHandshake = async (
    token: string,
    body: Uint8Array,
    signature: string | undefined,
  ): Promise<NoticeAnswer> => {
    if (!tokenShape.test(token)) {
      return { status: 400, message: 'This verification_token is not of the kind that Notion sends.' };
    }
    if (signature !== undefined && !(await verifyWebhookSignature({ body, signature, verificationToken: token }))) {
      return refused('The signature in X-Notion-Signature does not fit the verification_token.');
    }
    if (verificationToken !== undefined) {
      if (isSame(token, verificationToken)) {
        return { status: 200, message: 'This token is NOTION_WEBHOOK_TOKEN already: press Verify in Notion.' };
      }
      return refused(
        'Another token is configured: to verify this webhook anew, unset NOTION_WEBHOOK_TOKEN, restart, and have Notion send its token again.',
      );
    }
    const asked = 'The token is kept; the log says where, and what to do with it.';
    if (savedToken.value === token) return { status: 200, message: asked };
    // Anyone can send one: whoever sends many has to be slower than the operator.
    if (clock.monotonic() - savedToken.at < betweenTokensMs) {
      return { status: 429, message: 'Another token came a moment ago: have Notion send this one again in a minute.' };
    }
    try {
      const path = await saveToken(token);
      savedToken = { value: token, at: clock.monotonic() };
      log.warn(
        { path },
        `Notion wants to verify this address: its token is the last in ${path}; paste it in the connection's Webhooks tab and set NOTION_WEBHOOK_TOKEN to it, then restart`,
      );
      return { status: 200, message: asked };
    } catch (error) {
      log.error(
        { err: error },
        'The token that Notion sent could not be kept: check the disk, then have it sent again',
      );
      return { status: 500, message: 'The token could not be kept: check the disk, then have Notion send it again.' };
    }
  };

  const withSignature = async (body: Uint8Array, content: unknown, signature: string): Promise<NoticeAnswer> => {
    if (verificationToken === undefined) {
      return refused(
        'NOTION_WEBHOOK_TOKEN is not set, so that no signature can be checked: set it to the token that Notion sent to verify this address, then restart.',
      );
    }
    if (!(await verifyWebhookSignature({ body, signature, verificationToken }))) {
      return refused(
        'The signature in X-Notion-Signature does not fit: set NOTION_WEBHOOK_TOKEN to the token of this webhook, and let no proxy change the body.',
      );
    }
    isRefusing = false;
    const { data: event } = noticeEvent.safeParse(content);
    if (!event) return { status: 400, message: 'The body is not an event as Notion sends them.' };
    if (isRepeated(`event ${event.id}`)) return dropped('it came before');
    const reason = reasonToDrop(event, board(), clock.now());
    return reason === undefined ? noted(event.entity?.id) : dropped(reason);
  };

  const withSecret = (content: unknown, given: readonly string[]): NoticeAnswer => {
    if (secret === undefined) {
      return refused('WEBHOOK_SECRET is not set, so that no secret can be checked: set it, then restart.');
    }
    if (!given.some((candidate) => isSame(candidate, secret))) {
      return refused(
        'The secret does not fit: send WEBHOOK_SECRET in the header X-Webhook-Secret, or as Authorization: Bearer.',
      );
    }
    isRefusing = false;
    // Any tool may send anything: a body that is not understood says no less than an empty one.
    const { source, data } = automationNotice.safeParse(content).data ?? {};
    const eventId = source?.event_id;
    if (eventId !== undefined && isRepeated(`automation ${eventId} ${data?.id ?? ''}`))
      return dropped('it came before');
    const table = data?.parent?.data_source_id;
    const known = board();
    const isElsewhere = known && table !== undefined && !isSameId(table, known.dataSource);
    return isElsewhere ? dropped('its page is not in the board') : noted(data?.id);
  };

  return async (body, headers) => {
    const signature = single(headers['x-notion-signature']);
    const content = parseJson(body);
    const { data: first } = handshake.safeParse(content);
    if (first) return answerHandshake(first.verification_token, body, signature);
    if (signature !== undefined) return withSignature(body, content, signature);
    const given = secretsIn(headers);
    if (given.length > 0) return withSecret(content, given);
    return refused(
      'The request carries no proof: Notion signs its own in X-Notion-Signature, others send WEBHOOK_SECRET in the header X-Webhook-Secret or as Authorization: Bearer.',
    );
  };
}

/** Says whether a key came before, within a day and the last thousand. */
function createDeduplicator(clock: Clock): (key: string) => boolean {
  // The cache takes a start at 0 for none, and a clock may begin there.
  const perf = { now: () => 1 + clock.monotonic() };
  const seen = new LRUCache<string, true>({ max: mostRemembered, ttl: noticeLifeMs, ttlResolution: 0, perf });
  return (key) => seen.has(key) || !seen.set(key, true);
}

function secretsIn(headers: NoticeHeaders): string[] {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(single(headers['authorization']) ?? '') ?? [];
  return [bearer, single(headers['x-webhook-secret'])].filter((value) => value !== undefined);
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

/** Takes the same time whatever differs. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

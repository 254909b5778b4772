import type { ServerResponse } from 'node:http';
import { systemClock } from '../../lib/clock.ts';
import { errorReply, jsonReply, type Reply } from './api.ts';
import { type Fault, faultError } from './faults.ts';
import type { Workspace } from './workspace.ts';

const dripMs = 200;

interface Line {
  response: ServerResponse;
  workspace: Workspace;
  /** Aborts when the board closes. */
  signal: AbortSignal;
}

export function send(response: ServerResponse, reply: Reply): Reply {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) });
  response.end(reply.body);
  return reply;
}

/** Lets a fault have its way with the answer, and tells what went out: undefined when nothing did. */
export async function sendFault(
  { kind, ...fault }: Fault,
  route: string,
  reply: Reply | undefined,
  { response, workspace, signal }: Line,
): Promise<Reply | undefined> {
  const error = faultError({ kind, ...fault }, route, reply?.json);
  if (error) return send(response, errorReply(error, workspace));
  if (kind === 'hang') {
    await gone(response, signal);
    return undefined;
  }
  if (kind === 'bad_gateway_502_html') return send(response, page(502, '502 Bad Gateway'));
  if (kind === 'html_200') return send(response, page(200, 'Just a moment...'));

  const { status, headers, body } = reply ?? jsonReply(200, {}, workspace);
  const cut = { status, headers, body: '' };
  if (kind === 'empty_200') return send(response, cut);
  if (kind === 'slow_body') {
    response.writeHead(status, headers);
    await drip(response, signal);
    return cut;
  }
  if (kind === 'truncated') {
    const bytes = Buffer.from(body);
    response.writeHead(status, { ...headers, 'content-length': bytes.byteLength });
    response.write(bytes.subarray(0, Math.floor(bytes.byteLength / 2)), () => response.socket?.destroy());
    return cut;
  }
  response.socket?.resetAndDestroy();
  return undefined;
}

function page(status: number, title: string): Reply {
  const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

/** A byte now and then, in real time whatever the board's clock: it is the client's socket that is kept waiting. */
async function drip(response: ServerResponse, signal: AbortSignal): Promise<void> {
  while (!response.destroyed && !signal.aborted) {
    response.write(' ');
    await systemClock.sleep(dripMs, signal).catch(() => undefined);
  }
}

/** Resolves when the client or the board has given up. */
function gone(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('close', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

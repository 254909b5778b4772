import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../clock.ts';
import { ProviderError } from '../../core/errors.ts';
import { callProvider, type ProviderAnswer } from './client.ts';

/** A picture that an answer names by its address. */
export interface NamedPicture {
  /** The provider's name for messages. */
  label: string;
  /** As the answer gave it: not to be trusted. */
  url: string;
  /** Where the provider is configured to be; only there may an address be private or plain http. */
  trustedUrl: string;
  signal: AbortSignal;
}

const maxPictureBytes = 25 * 1024 * 1024;
const pauseMs = 1000;

/** Fetches the picture, with one more try, for it has been made and paid for. Sends no key. */
export async function downloadImage(picture: NamedPicture, clock: Clock): Promise<Uint8Array> {
  const { label, signal } = picture;
  const url = allowedUrl(picture.url, picture.trustedUrl);
  if (url === undefined) {
    throw new ProviderError('bad_image', `${label} named an address for the picture that is not public https`, {
      sent: true,
    });
  }
  const isTrusted = url.origin === new URL(picture.trustedUrl).origin;
  const attempt = () =>
    callProvider({
      label,
      method: 'GET',
      url: url.href,
      maxBytes: maxPictureBytes,
      signal,
      ...(!isTrusted && { lookup: publicLookup }),
    });
  let answer = await settle(attempt, signal);
  if (isWorthAnotherTry(answer)) {
    await clock.sleep(pauseMs, signal);
    answer = await settle(attempt, signal);
  }
  if (answer instanceof ProviderError && answer.code === 'bad_image') throw answer;
  if (!(answer instanceof ProviderError) && answer.status === 200) return answer.bytes;
  const reason = answer instanceof ProviderError ? answer.message : `${answer.status} from ${url.host}`;
  throw new ProviderError('unavailable', `${label} made a picture that could not be fetched (${reason})`, {
    sent: true,
    ...(answer instanceof ProviderError ? { cause: answer } : { status: answer.status }),
  });
}

/** The address when a download from it is allowed: on the trusted origin any, elsewhere https; names are judged when looked up. */
export function allowedUrl(candidate: string, trustedUrl: string): URL | undefined {
  if (!URL.canParse(candidate)) return undefined;
  const url = new URL(candidate);
  if (url.username !== '' || url.password !== '') return undefined;
  if (url.origin === new URL(trustedUrl).origin) return url;
  // The URL parser has already turned decimal, octal, hex and short forms of IPv4 into four numbers.
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  return url.protocol === 'https:' && (isIP(host) === 0 || isPublicAddress(host)) ? url : undefined;
}

/** Looks names up as usual and leaves out addresses that are not public, at the moment of connecting. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '');
    const allowed = addresses.filter(({ address }) => isPublicAddress(address));
    const [first] = allowed;
    if (first === undefined) return callback(new Error('the host name leads to no public address'), '');
    if (options.all) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};

/** IANA's special-purpose registries, 2026-11; of IPv6 only global unicast (2000::/3) is public at all. */
const notPublic = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv6');
}
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** Whether an IP address may be anyone's on the internet, and not something near us. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !notPublic.check(address, 'ipv4');
  return version === 6 && globalUnicast.check(address, 'ipv6') && !notPublic.check(address, 'ipv6');
}

async function settle(
  attempt: () => Promise<ProviderAnswer>,
  signal: AbortSignal,
): Promise<ProviderAnswer | ProviderError> {
  try {
    return await attempt();
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError)) throw error;
    return error;
  }
}

function isWorthAnotherTry(answer: ProviderAnswer | ProviderError): boolean {
  if (answer instanceof ProviderError) return answer.code !== 'bad_image';
  return answer.status === 404 || answer.status === 429 || answer.status >= 500;
}

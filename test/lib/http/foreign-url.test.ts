import { once } from 'node:events';
import { createServer } from 'node:http';
import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { allowedUrl, isPublicAddress, publicLookup } from '../../../src/lib/http/foreign-url.ts';
import { sendRequest } from '../../../src/lib/http/client.ts';

const trusted = 'http://192.168.1.5:8080/v1';

const look = (hostname: string, all: boolean) =>
  new Promise<string | LookupAddress[]>((resolve, reject) => {
    publicLookup(hostname, { all }, (error, address) => (error ? reject(error) : resolve(address)));
  });

describe('allowedUrl', () => {
  it.each([
    'https://v3.fal.media/files/a.png?x=1',
    'https://93.184.215.14/a.png',
    'https://[2606:2800:21f:cb07::1]/a.png',
    'http://192.168.1.5:8080/elsewhere.png',
  ])('takes %s', (url) => {
    expect(allowedUrl(url, trusted)?.href).toBe(url);
  });

  it.each([
    'not an address',
    '/files/a.png',
    'file:///etc/passwd',
    'ftp://example.com/a.png',
    'http://example.com/a.png',
    'https://user:secret@example.com/a.png',
    'http://192.168.1.5:8081/a.png',
    'https://192.168.1.5:8080/a.png',
    'http://user@192.168.1.5:8080/a.png',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://0.0.0.0/',
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://172.31.255.255/',
    'https://192.168.0.1/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::]/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[ff02::1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:db8::1]/',
  ])('refuses %s', (url) => {
    expect(allowedUrl(url, trusted)).toBeUndefined();
  });
});

describe('isPublicAddress', () => {
  it('takes no name for an address', () => {
    expect(isPublicAddress('example.com')).toBe(false);
  });

  it('knows the neighbours of private ranges as public', () => {
    const addresses = ['9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.169.0.0', '223.255.255.255'];
    expect(addresses.filter((address) => !isPublicAddress(address))).toEqual([]);
  });
});

describe('publicLookup', () => {
  it('finds a public address as the system does', async () => {
    expect(await look('93.184.215.14', true)).toEqual([{ address: '93.184.215.14', family: 4 }]);
    expect(await look('93.184.215.14', false)).toBe('93.184.215.14');
  });

  it('finds no private one, and no name that is not there', async () => {
    await expect(look('localhost', true)).rejects.toThrow('no public address');
    await expect(look('name.invalid', true)).rejects.toThrow('ENOTFOUND');
  });

  it('keeps a call from reaching a private host, whatever its name', async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://localhost:${typeof address === 'object' ? address?.port : ''}`;
    const request = { method: 'GET', url, signal: new AbortController().signal } as const;
    try {
      await expect(sendRequest({ ...request, lookup: publicLookup })).rejects.toMatchObject({ kind: 'unreachable' });
      expect(requests).toBe(0);
    } finally {
      server.close();
    }
  });
});

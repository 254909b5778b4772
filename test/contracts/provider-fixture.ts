import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ClientRequest } from 'node:http';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import type { ProviderContext } from '../../src/core/provider.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { closedAddress, type Gate, type GateRequest, type GateBehaviour, openGate } from '../support/gate.ts';
import {
  contractRequest,
  createContext,
  flawsIn,
  makeProvider,
  outcomeOf,
  type ProviderRig,
  type ServerRig,
} from './provider-rig.ts';

/** A provider before its emulated server, for each test of a suite. */
export interface ProviderFixture {
  readonly rig: ProviderRig;
  readonly server: ServerRig;
  readonly gate: Gate;
  /** The server behind the gate, where the provider has no business. */
  readonly behind: string;
  /** An address at which nobody listens. */
  readonly closed: string;
  /** Where calls went that were made by way of node:http and node:https. */
  readonly origins: ReadonlySet<string>;
  /** What asking for an image ends with, either way. */
  generate: (
    context?: Partial<Pick<ProviderContext, 'signal' | 'job'>>,
    clock?: Clock,
    url?: string,
  ) => Promise<unknown>;
  /** Answers the requests for an image in this way, and lets others pass. */
  answerImageRequests: (behaviour: GateBehaviour) => void;
  imageRequests: () => GateRequest[];
  /** What one image takes when all goes well. */
  rehearse: () => Promise<{ requests: number; waits: number }>;
}

/** Sets the fixture up for each test, and proves after each that no other host was called. */
export function useProviderFixture(rig: ProviderRig, server: ServerRig): ProviderFixture {
  let behind: Awaited<ReturnType<ServerRig['start']>>;
  let gate: Gate;
  let closed: string;
  const origins = new Set<string>();
  const note = (message: unknown) => void origins.add(originOf(message));

  beforeEach(async () => {
    behind = await server.start();
    gate = await openGate(behind.url);
    closed = await closedAddress();
    origins.clear();
    subscribe('http.client.request.start', note);
  });

  afterEach(async () => {
    vi.useRealTimers();
    unsubscribe('http.client.request.start', note);
    await gate.close();
    await behind.close();
    const strangers = [...origins].filter((origin) => origin !== gate.url && origin !== closed);
    expect(strangers, 'calls to other hosts').toEqual([]);
  });

  const fixture: ProviderFixture = {
    rig,
    server,
    get gate() {
      return gate;
    },
    get behind() {
      return behind.url;
    },
    get closed() {
      return closed;
    },
    origins,
    generate: (context = {}, clock = createFakeClock(), url = gate.url) =>
      outcomeOf(makeProvider(rig, url, clock).generate(contractRequest, createContext(clock, context))),
    answerImageRequests: (behaviour) => gate.meet((request) => (server.asksForImage(request) ? behaviour : 'forward')),
    imageRequests: () => gate.requests.filter((request) => server.asksForImage(request)),
    async rehearse() {
      const clock = createFakeClock();
      expect(flawsIn(await fixture.generate({}, clock), rig.secrets)).toEqual([]);
      return { requests: gate.requests.length, waits: clock.sleeps.length };
    },
  };
  return fixture;
}

function originOf(message: unknown): string {
  const request = typeof message === 'object' && message !== null && 'request' in message ? message.request : undefined;
  if (!(request instanceof ClientRequest)) throw new TypeError('no request');
  return new URL(`${request.protocol}//${String(request.getHeader('host'))}`).origin;
}

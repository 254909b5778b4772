import type { Clock } from '../lib/clock.ts';
import type { ImageProvider, ProviderContext, Slot } from '../core/provider.ts';

/** Places that are given out in the order of asking. */
export interface Slots {
  /**
   * Waits for a place; giving it back twice does nothing more. `refuse`, asked now and at each `refresh`, ends the wait by
   * throwing. Rejects with the signal's reason once it aborts.
   */
  take(signal: AbortSignal, refuse?: () => void): Promise<Slot>;
  /** Reads the capacity again, and asks each waiter's `refuse` again. */
  refresh(): void;
  readonly free: number;
}

interface Waiter {
  refuse: () => void;
  begin: (slot: Slot) => void;
  giveUp: (reason: unknown) => void;
}

/** Slots whose capacity may change; it is read at each `take`, each slot given back and each `refresh`. */
export function createSlots(capacity: () => number): Slots {
  const waiting = new Set<Waiter>();
  const held = new Set<Slot>();
  const countFree = () => Math.max(0, capacity() - held.size);

  const createSlot = (): Slot => {
    const slot = () => void (held.delete(slot) && refresh());
    held.add(slot);
    return slot;
  };

  const refresh = () => {
    for (const waiter of waiting) {
      try {
        waiter.refuse();
      } catch (refusal) {
        waiter.giveUp(refusal);
      }
    }
    for (const waiter of [...waiting].slice(0, countFree())) waiter.begin(createSlot());
  };

  return {
    take: (signal, refuse = () => undefined) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const leave = () => {
          waiting.delete(waiter);
          signal.removeEventListener('abort', onAbort);
        };
        const waiter: Waiter = {
          refuse,
          begin(slot) {
            leave();
            resolve(slot);
          },
          giveUp(reason) {
            leave();
            // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a reason is passed on as it is
            reject(reason);
          },
        };
        const onAbort = () => waiter.giveUp(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.add(waiter);
        refresh();
      }),
    refresh,
    get free() {
      return countFree();
    },
  };
}

/**
 * Waits for a free slot; the wait counts against no deadline. `refuse` throws when the row need not wait any longer, because
 * the provider would not be asked.
 */
export function withSlots(
  provider: ImageProvider,
  { slots, clock, refuse }: { slots: Slots; clock: Clock; refuse: (context: ProviderContext) => void },
): ImageProvider {
  return {
    ...provider,
    async generate(request, context) {
      const askedAt = clock.monotonic();
      let giveBack: Slot;
      try {
        giveBack = await slots.take(context.signal, () => refuse(context));
      } finally {
        context.waited(clock.monotonic() - askedAt);
      }
      try {
        context.signal.throwIfAborted();
        return await provider.generate(request, context);
      } finally {
        giveBack();
      }
    },
  };
}

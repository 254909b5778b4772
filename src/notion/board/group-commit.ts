/**
 * Gathers what is asked while a batch is on its way, and sends it as the next batch: one item at once when it is quiet, many
 * when it is busy. `commit` answers with one result for each item, in their order; an item's result may be a rejection. `waitForMore` may hold a small batch back.
 */
export function groupCommit<T, R>(
  commit: (items: readonly T[]) => Promise<readonly PromiseSettledResult<R>[]>,
  { largest, waitForMore }: { largest: number; waitForMore: () => Promise<void> },
): (item: T) => Promise<R> {
  const waiting: { item: T; resolve: (result: R) => void; reject: (reason: unknown) => void }[] = [];
  let running = false;

  const run = async () => {
    running = true;
    while (waiting.length > 0) {
      if (waiting.length < largest) await waitForMore().catch(() => undefined);
      const batch = waiting.splice(0, largest);
      try {
        const results = await commit(batch.map(({ item }) => item));
        for (const [index, { resolve, reject }] of batch.entries()) {
          const result = results[index];
          if (result?.status === 'fulfilled') resolve(result.value);
          else reject(result?.reason);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!running) void run();
    });
}

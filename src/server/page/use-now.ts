import { useEffect, useState } from 'preact/hooks';

/** The browser's time in ms, anew each second while anybody needs it. */
export function useNow(isNeeded = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isNeeded) return undefined;
    const tick = () => setNow(Date.now());
    tick();
    const timer = window.setInterval(tick, 1000);
    return () => window.clearInterval(timer);
  }, [isNeeded]);
  return now;
}

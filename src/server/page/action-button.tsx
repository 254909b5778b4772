import type { RenderableProps } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './http.ts';
import { ShowNotice } from './notice.tsx';

interface ActionProps {
  path: string;
  /** The notice to show when it went well. */
  done: string;
  onDone?: () => void;
  /** The name for screen readers, where the button's own words do not say enough. */
  label?: string;
  kind?: 'primary' | 'plain' | 'quiet';
  isDisabled?: boolean;
}

/** A button that posts, once at a time, and shows a notice with the result. It keeps the keyboard's focus meanwhile. */
export function ActionButton({
  path,
  done,
  onDone,
  label,
  kind = 'plain',
  isDisabled = false,
  children,
}: RenderableProps<ActionProps>) {
  const showNotice = useContext(ShowNotice);
  const [isBusy, setBusy] = useState(false);
  const isMounted = useRef(true);
  useEffect(() => () => void (isMounted.current = false), []);

  const run = async () => {
    if (isBusy || isDisabled) return;
    setBusy(true);
    const { ok, message } = await ask(path, { method: 'POST' });
    showNotice(ok ? { text: done, tone: 'good' } : { text: message, tone: 'bad' });
    if (isMounted.current) setBusy(false);
    if (ok) onDone?.();
  };

  return (
    <button
      type="button"
      class={kind}
      aria-label={label}
      aria-disabled={isBusy || isDisabled}
      aria-busy={isBusy}
      onClick={() => void run()}
    >
      {children}
    </button>
  );
}

import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './http.ts';
import { Tell } from './notice.tsx';

export interface ActionProps {
  /** Where it posts to. */
  path: string;
  /** What is told when it went well. */
  done: string;
  onDone?: () => void;
  /** The name for screen readers, where the words alone do not tell enough. */
  label?: string;
  kind?: 'primary' | 'plain' | 'quiet';
  isDisabled?: boolean;
  children: ComponentChildren;
}

/** A button that posts, once at a time, and tells what became of it. It keeps the keyboard's focus all the while. */
export function ActionButton({ path, done, onDone, label, kind = 'plain', isDisabled = false, children }: ActionProps) {
  const tell = useContext(Tell);
  const [isBusy, setBusy] = useState(false);
  const isHere = useRef(true);
  useEffect(() => () => void (isHere.current = false), []);

  const run = async () => {
    if (isBusy || isDisabled) return;
    setBusy(true);
    const { ok, message } = await ask(path, { method: 'POST' });
    tell(ok ? { text: done, tone: 'good' } : { text: message, tone: 'bad' });
    if (isHere.current) setBusy(false);
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

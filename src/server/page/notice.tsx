import { createContext } from 'preact';
import { useEffect } from 'preact/hooks';

export interface Notice {
  text: string;
  tone: 'good' | 'bad';
}

/** Shows what became of an action. */
export const ShowNotice = createContext<(notice: Notice) => void>(() => undefined);

/** Good news goes by itself. */
const shownMs = 8000;

/** The last notice, for eyes and for screen readers. */
export function NoticeBar({ notice, onClose }: { notice: Notice | undefined; onClose: () => void }) {
  useEffect(() => {
    if (notice?.tone !== 'good') return undefined;
    const timer = window.setTimeout(onClose, shownMs);
    return () => window.clearTimeout(timer);
  }, [notice]);
  return (
    <div class="notice-place" role="status">
      {notice && (
        <div class={`notice ${notice.tone}`}>
          <p dir="auto">{notice.text}</p>
          <button type="button" class="quiet" onClick={onClose}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}

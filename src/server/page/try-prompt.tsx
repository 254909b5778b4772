import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { ProviderView } from '../../core/overview.ts';
import { type Answer, ask } from './http.ts';
import { ShowNotice } from './notice.tsx';
import { Section } from './text.tsx';
import { TryResult } from './try-result.tsx';
import { useNow } from './use-now.ts';
import { secondsWords } from './words.ts';

const sizes = [
  { name: 'Quick', width: 512, height: 512 },
  { name: 'Square', width: 1080, height: 1080 },
  { name: 'Landscape', width: 1200, height: 630 },
  { name: 'Portrait', width: 1080, height: 1350 },
  { name: 'Story', width: 1080, height: 1920 },
];
const own = 'own';
const range = { min: 256, max: 2048, step: 1 };
const longestPrompt = 4000;

/** Asks the chain for one image, as any application may. */
export function TryPrompt({ providers }: { providers: ProviderView[] }) {
  const showNotice = useContext(ShowNotice);
  const [size, setSize] = useState('0');
  const [startedAt, setStartedAt] = useState<number>();
  const [answer, setAnswer] = useState<Answer>();
  const running = useRef<AbortController>();
  const submitButton = useRef<HTMLButtonElement>(null);
  const isRunning = startedAt !== undefined;
  const now = useNow(isRunning);
  useEffect(() => () => running.current?.abort(), []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (running.current || !(event.currentTarget instanceof HTMLFormElement)) return;
    const form = new FormData(event.currentTarget);
    const controller = new AbortController();
    running.current = controller;
    setAnswer(undefined);
    setStartedAt(Date.now());
    const given = { width: Number(form.get('width')), height: Number(form.get('height')) };
    const { width, height } = sizes[Number(size)] ?? given;
    const body = { prompt: form.get('prompt'), width, height, allowPlaceholder: form.has('allowPlaceholder') };
    try {
      const answer = await ask('/api/ai/generate-image', { method: 'POST', body, signal: controller.signal });
      setAnswer(answer);
      if (answer.ok) showNotice({ text: 'The picture is ready.', tone: 'good' });
    } catch (error) {
      if (!controller.signal.aborted) throw error;
      showNotice({ text: 'Cancelled.', tone: 'good' });
      // The button that had the focus goes.
      submitButton.current?.focus();
    } finally {
      running.current = undefined;
      setStartedAt(undefined);
    }
  };

  return (
    <Section id="try" title="Try a prompt">
      <form onSubmit={(event) => void submit(event)}>
        <label for="prompt">Prompt</label>
        <textarea
          id="prompt"
          name="prompt"
          rows={3}
          required
          maxLength={longestPrompt}
          dir="auto"
          placeholder="A lighthouse at dusk, oil painting"
        />
        <label for="size">Size</label>
        <select id="size" value={size} onChange={({ currentTarget }) => setSize(currentTarget.value)}>
          {sizes.map(({ name, width, height }, index) => (
            <option key={name} value={String(index)}>{`${name}, ${width} × ${height}`}</option>
          ))}
          <option value={own}>Another size…</option>
        </select>
        {size === own && (
          <div class="pair">
            <Side name="width" label="Width" />
            <Side name="height" label="Height" />
          </div>
        )}
        <label class="check">
          <input type="checkbox" name="allowPlaceholder" /> Let a drawn card serve when every provider fails
        </label>
        <div class="actions">
          <button ref={submitButton} type="submit" class="primary" aria-disabled={isRunning} aria-busy={isRunning}>
            Make a picture
          </button>
          {isRunning && (
            <button type="button" class="quiet" onClick={() => running.current?.abort()}>
              Cancel
            </button>
          )}
        </div>
      </form>
      {isRunning && (
        <p class="progress">
          <progress aria-label="The picture is being made" /> Making the picture,{' '}
          <span class="number">{secondsWords(now - startedAt)}</span>
        </p>
      )}
      {answer && <TryResult answer={answer} providers={providers} />}
    </Section>
  );
}

function Side({ name, label }: { name: string; label: string }) {
  return (
    <label>
      {label} <input type="number" name={name} required {...range} defaultValue="1024" inputMode="numeric" />
    </label>
  );
}

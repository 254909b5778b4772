import type { ImageProvider } from '../core/provider.ts';
import { shortened } from '../lib/text.ts';

/** A place in the chain by the names that a row may call it. */
interface Choice {
  settings: { name: string; label: string };
}

const shownLength = 40;

/**
 * Lets a request say who is asked first; the others follow in their order. `arrange` makes a chain of an order. Who is named in
 * vain is told in the picture's warnings.
 */
export function preferring<R extends Choice>(
  rungs: readonly R[],
  canBeFirst: (rung: R) => boolean,
  arrange: (order: readonly R[]) => ImageProvider,
): ImageProvider {
  const usual = arrange(rungs);
  return {
    ...usual,
    async generate(request, context) {
      const { preferred } = request;
      if (preferred === undefined) return usual.generate(request, context);
      const choices = rungs.filter(canBeFirst);
      const first = choices.find(({ settings }) => isCalled(settings, preferred));
      if (first) return arrange([first, ...rungs.filter((rung) => rung !== first)]).generate(request, context);
      const image = await usual.generate(request, context);
      return { ...image, warnings: [...(image.warnings ?? []), inVain(preferred, choices)] };
    },
  };
}

function isCalled({ name, label }: Choice['settings'], words: string): boolean {
  const wanted = words.trim().toLowerCase();
  return [name, label].some((own) => own.toLowerCase() === wanted);
}

function inVain(preferred: string, choices: readonly Choice[]): string {
  const labels = choices.map(({ settings }) => settings.label);
  const hint = labels.length === 0 ? '' : ` (choose from ${labels.join(', ')})`;
  return `Preferred provider "${shortened(preferred, shownLength)}" is not configured${hint}`;
}

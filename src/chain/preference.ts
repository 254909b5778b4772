import type { ImageProvider } from '../core/provider.ts';
import { shortened } from '../lib/text.ts';

type Named = Pick<ImageProvider, 'name' | 'label'>;

const shownLength = 40;

/**
 * Lets a request say which of the `choices` is asked first; the others follow in their order. `inOrder` makes a chain of an
 * order. Where the request names none of them, the image's warnings say so.
 */
export function withPreference<P extends Named>(
  providers: readonly P[],
  choices: readonly P[],
  inOrder: (order: readonly P[]) => ImageProvider,
): ImageProvider {
  const usual = inOrder(providers);
  return {
    ...usual,
    async generate(request, context) {
      const { preferred } = request;
      if (preferred === undefined) return usual.generate(request, context);
      const first = choices.find((choice) => isCalled(choice, preferred));
      if (first) return inOrder([first, ...providers.filter((other) => other !== first)]).generate(request, context);
      const image = await usual.generate(request, context);
      return { ...image, warnings: [...(image.warnings ?? []), unknownChoice(preferred, choices)] };
    },
  };
}

function isCalled({ name, label }: Named, words: string): boolean {
  const wanted = words.trim().toLowerCase();
  return [name, label].some((own) => own.toLowerCase() === wanted);
}

function unknownChoice(preferred: string, choices: readonly Named[]): string {
  const hint = choices.length === 0 ? '' : ` (choose from ${choices.map(({ label }) => label).join(', ')})`;
  return `Preferred provider "${shortened(preferred, shownLength)}" is not configured${hint}`;
}

import type { ProviderEntry } from '../entry.ts';

/** The free built-in provider: a drawn placeholder with the post's headline. It needs no network and fails only when drawing does. */
export const placeholder: ProviderEntry = {
  name: 'placeholder',
  label: 'Free API Placeholder',
  read: () => ({
    name: placeholder.name,
    label: placeholder.label,
    timeoutMs: 60_000,
    concurrency: 2,
    costUsd: 0,
    account: 'local',
    create: ({ draw }) => ({
      name: placeholder.name,
      label: placeholder.label,
      async generate(request, context) {
        context.signal.throwIfAborted();
        const { prompt, width, height, seed } = request;
        const { bytes, omitted } = await draw({ headline: request.headline ?? prompt, width, height, seed });
        return {
          bytes,
          mediaType: 'image/png',
          width,
          height,
          provider: placeholder.name,
          model: placeholder.label,
          family: 'freeapi',
          seed,
          costUsd: 0,
          ...(omitted.length > 0 && { warnings: [`the card leaves out ${omitted.join(', ')}: no font for it here`] }),
        };
      },
      check: async () => ({ ok: true, message: 'The built-in card is always there.' }),
    }),
  }),
};

import { placeholder } from '../../../src/providers/placeholder/placeholder.ts';
import type { ProviderRig } from '../provider-rig.ts';

/** The built-in placeholder, which knows no server. */
export const placeholderRig: ProviderRig = {
  name: 'placeholder',
  entry: placeholder,
  variables: () => ({}),
  secrets: [],
  expected: {
    provider: 'placeholder',
    model: 'Free API Placeholder',
    family: 'freeapi',
    seed: 42,
    costUsd: 0,
    width: 256,
    height: 256,
  },
};

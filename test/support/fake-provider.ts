import type { GeneratedImage, ImageRequest } from '../../src/core/image.ts';
import type { ImageProvider, ProviderContext } from '../../src/core/provider.ts';

/** What one call comes to: a picture, a failure, or something of its own. */
export type Step = 'picture' | Error | ((request: ImageRequest, context: ProviderContext) => Promise<GeneratedImage>);

/** A provider that does what it was told, call by call. */
export interface FakeProvider extends ImageProvider {
  /** The requests of the calls so far. */
  readonly calls: readonly ImageRequest[];
  /** Appends what the next calls come to. */
  script(...steps: Step[]): void;
  /** What calls come to that no script is left for. */
  always(step: Step): void;
}

/** A provider whose every method throws until it is told otherwise. */
export function createFakeProvider(name = 'fake', label = `Provider ${name}`): FakeProvider {
  const calls: ImageRequest[] = [];
  const steps: Step[] = [];
  let usual: Step | undefined;
  return {
    name,
    label,
    calls,
    script: (...more) => void steps.push(...more),
    always: (step) => void (usual = step),
    async generate(request, context) {
      calls.push(request);
      const step = steps.shift() ?? usual;
      if (step === undefined) throw new Error(`${name}.generate is not scripted`);
      if (step === 'picture') return createPicture(name, request);
      if (step instanceof Error) throw step;
      return step(request, context);
    },
    async check() {
      throw new Error(`${name}.check is not scripted`);
    },
  };
}

/** A picture as a provider answers with it: not a PNG, and not of the size asked. */
export function createPicture(provider: string, { seed }: ImageRequest): GeneratedImage {
  const bytes = new TextEncoder().encode(`picture by ${provider}`);
  return {
    bytes,
    mediaType: 'image/jpeg',
    width: 64,
    height: 64,
    provider,
    model: `${provider}-model`,
    family: provider,
    seed,
  };
}

import { useState } from 'preact/hooks';
import type { Overview, ImageView } from '../../core/overview.ts';
import { Empty, Section, Time, Words } from './text.tsx';
import { costWords, shortened } from './words.ts';

/** The last images with their history. */
export function Gallery({ images }: { images: Overview['pictures'] }) {
  return (
    <Section id="pictures" title="Last pictures">
      {images === undefined && <p class="trouble">The pictures cannot be read right now.</p>}
      {images?.length === 0 && <Empty>No pictures yet. The first one appears here as soon as it is made.</Empty>}
      {images && images.length > 0 && (
        <ul class="gallery">
          {images.map((image) => (
            <li key={image.url}>
              <GalleryImage image={image} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function GalleryImage({ image }: { image: ImageView }) {
  const { url, thumbnailUrl, generatedAt, width, height, prompt, provider, model, why, costUsd } = image;
  const [isBroken, setBroken] = useState(false);
  return (
    <figure>
      <a href={url} target="_blank" rel="noreferrer" class="frame">
        {isBroken ? (
          <span>No preview: open the picture</span>
        ) : (
          <img
            src={thumbnailUrl}
            alt={`Picture: ${shortened(prompt, 120)}`}
            width={width}
            height={height}
            loading="lazy"
            decoding="async"
            onError={() => setBroken(true)}
          />
        )}
      </a>
      <figcaption>
        <p class="prompt">
          <Words>{prompt}</Words>
        </p>
        <p class="facts">
          <strong>{provider}</strong>
          {model !== provider && (
            <>
              , <span title={model}>{model.split('/').at(-1)}</span>
            </>
          )}
        </p>
        {why !== '' && (
          <p class="facts">
            <Words>{why}</Words>
          </p>
        )}
        <p class="facts number">
          {costWords(costUsd)} · <Time iso={generatedAt} />
        </p>
      </figcaption>
    </figure>
  );
}

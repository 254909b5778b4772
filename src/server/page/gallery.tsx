import { useState } from 'preact/hooks';
import type { Overview, ImageView } from '../../core/overview.ts';
import { Empty, Section, Time, Words } from './text.tsx';
import { costWords } from './words.ts';

/** The last pictures with their history. */
export function Gallery({ pictures }: { pictures: Overview['pictures'] }) {
  return (
    <Section id="pictures" title="Last pictures">
      {pictures === undefined && <p class="trouble">The pictures cannot be read right now.</p>}
      {pictures?.length === 0 && <Empty>No pictures yet. The first one appears here as soon as it is made.</Empty>}
      {pictures && pictures.length > 0 && (
        <ul class="gallery">
          {pictures.map((picture) => (
            <li key={picture.url}>
              <PictureCard picture={picture} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function PictureCard({ picture }: { picture: ImageView }) {
  const { url, thumbnailUrl, generatedAt, width, height, prompt, provider, model, why, costUsd } = picture;
  const [isBroken, setBroken] = useState(false);
  const short = prompt.length > 120 ? `${prompt.slice(0, 119)}…` : prompt;
  return (
    <figure>
      <a href={url} target="_blank" rel="noreferrer" class="frame">
        {isBroken ? (
          <span>No preview: open the picture</span>
        ) : (
          <img
            src={thumbnailUrl}
            alt={`Picture: ${short}`}
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

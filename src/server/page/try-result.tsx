import type { ProviderView } from '../../core/overview.ts';
import { type Answer, type Facts, factsOf, textOf } from './http.ts';
import { Time, Words } from './text.tsx';
import { costWords, durationWords } from './words.ts';

/** The image, or why there is none and what can be done about it. */
export function TryResult({ answer: { ok, body, message }, providers }: { answer: Answer; providers: ProviderView[] }) {
  const labelOf = (name: unknown) => providers.find((provider) => provider.name === name)?.label ?? textOf(name) ?? '';
  const imageUrl = textOf(body['imageUrl']);
  if (ok && imageUrl !== undefined && imageUrl.startsWith('/'))
    return <Made body={body} imageUrl={imageUrl} label={labelOf(body['provider'])} />;
  const attempts = Array.isArray(body['attempts']) ? body['attempts'].map(factsOf) : [];
  return (
    <div class="failure" role="alert">
      <p class="trouble" dir="auto">
        {message}
      </p>
      {attempts.length > 0 && (
        <ol class="attempts">
          {attempts.map(({ provider, message, fix, until }, index) => (
            <li key={index}>
              <strong>{labelOf(provider)}</strong>: <Words>{textOf(message) ?? 'gave no reason'}</Words>
              {textOf(fix) && <p class="fix">{textOf(fix)}</p>}
              {textOf(until) && (
                <p class="aside">
                  Asked again from <Time iso={textOf(until) ?? ''} />
                </p>
              )}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function Made({ body, imageUrl, label }: { body: Facts; imageUrl: string; label: string }) {
  const { processingTime, costUsd } = body;
  const facts = [
    label,
    textOf(body['model']) === label ? undefined : textOf(body['model']),
    typeof processingTime === 'number' && durationWords(processingTime),
    typeof costUsd === 'number' && costWords(costUsd),
  ].filter((fact) => typeof fact === 'string' && fact !== '');
  return (
    <figure class="made">
      <a href={imageUrl} target="_blank" rel="noreferrer" class="frame">
        <img src={imageUrl} alt={`Picture: ${textOf(body['prompt']) ?? ''}`} />
      </a>
      <figcaption class="facts">{facts.join(', ')}</figcaption>
    </figure>
  );
}

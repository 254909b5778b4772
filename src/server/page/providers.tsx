import type { ProviderView } from '../../core/overview.ts';
import { ActionButton } from './action-button.tsx';
import { Section, Time, Words } from './text.tsx';
import { durationWords } from './words.ts';

/** The state of each provider, in the order in which they are asked. */
export function Providers({ providers }: { providers: ProviderView[] }) {
  return (
    <Section id="providers" title="Providers">
      <ul class="rows">
        {providers.map((provider) => (
          <ProviderItem key={provider.name} provider={provider} />
        ))}
      </ul>
    </Section>
  );
}

function ProviderItem({ provider }: { provider: ProviderView }) {
  const { name, label, state, words, until, canAskAgain, lastError, medianMs } = provider;
  return (
    <li>
      <div class="what">
        <span class="provider-state">
          <span class="title">{label}</span>
          <span class={`badge ${state}`}>
            {words}
            {until !== undefined && (
              <>
                {' until '}
                <Time iso={until} />
              </>
            )}
          </span>
        </span>
        {medianMs !== undefined && (
          <span class="aside">
            Usually <span class="number">{durationWords(medianMs)}</span>
          </span>
        )}
        {lastError && (
          <span class="reason">
            Last error, <Time iso={lastError.at} />: <Words>{lastError.message}</Words>
          </span>
        )}
      </div>
      {canAskAgain && (
        <ActionButton
          path={`/api/providers/${encodeURIComponent(name)}/ask-again`}
          done={`${label} is asked again from now on.`}
          label={`Ask again: ${label}`}
        >
          Ask again
        </ActionButton>
      )}
    </li>
  );
}

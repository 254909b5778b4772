import type { SpendView } from '../../core/overview.ts';
import { Section } from './text.tsx';
import { moneyWords, monthWords } from './words.ts';

/** The month's money against its cap. */
export function Spend({ spend }: { spend: SpendView | undefined }) {
  if (!spend) {
    return (
      <Section id="spend" title="Spend">
        <p class="trouble">The spend cannot be read right now.</p>
      </Section>
    );
  }
  const { month, capUsd, spentUsd, possibleUsd, openUsd } = spend;
  const words = capUsd === undefined ? 'spent; no cap is set' : `of ${moneyWords(capUsd)}`;
  return (
    <Section id="spend" title={`Spend in ${monthWords(month)}`}>
      <p class="sum number">
        <strong>{moneyWords(spentUsd)}</strong> {words}
      </p>
      {capUsd !== undefined && capUsd > 0 && (
        <meter
          aria-label="Spend of the month"
          min={0}
          max={capUsd}
          high={capUsd * 0.8}
          value={Math.min(spentUsd + possibleUsd + openUsd, capUsd)}
        >
          {moneyWords(spentUsd)} {words}
        </meter>
      )}
      {possibleUsd > 0 && (
        <p class="aside">Up to {moneyWords(possibleUsd)} more may have been billed for calls without a picture.</p>
      )}
      {openUsd > 0 && <p class="aside">{moneyWords(openUsd)} is set aside for calls under way.</p>}
    </Section>
  );
}

import type { DayView, ProviderView } from '../../core/overview.ts';
import { Empty, Section } from './text.tsx';
import { countWords, dayWords } from './words.ts';

const width = 600;
const height = 150;
const gap = 4;

/** Strokes that distinguish the series without their colours; the first is plain. */
const strokes = ['', 'M0 8 8 0', 'M4 0V8', 'M0 4H8', 'M0 0 8 8', 'M0 4H8M4 0V8', 'M0 8 8 0M0 0 8 8'];

const tile = { width: 8, height: 8, patternUnits: 'userSpaceOnUse' } as const;

interface Series {
  name: string;
  label: string;
  total: number;
  /** Its place among the providers, which gives it colour and pattern. */
  place: number;
}

/** Images a day by provider. */
export function Chart({ days, providers }: { days: DayView[]; providers: ProviderView[] }) {
  const names = [
    ...new Set([...providers.map(({ name }) => name), ...days.flatMap(({ counts }) => Object.keys(counts))]),
  ];
  const series = names
    .map((name, index): Series => {
      const label = providers.find((provider) => provider.name === name)?.label ?? name;
      const total = days.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
      return { name, label, total, place: index % strokes.length };
    })
    .filter(({ total }) => total > 0);
  const all = series.reduce((sum, { total }) => sum + total, 0);
  return (
    <Section id="days" title={`Pictures in ${days.length} days`} count={String(all)}>
      {all === 0 ? (
        <Empty>No picture has been made in these days. Each day gets its bar here.</Empty>
      ) : (
        <figure class="chart">
          <Bars days={days} series={series} all={all} />
          <p class="axis number" aria-hidden="true">
            <span>{dayWords(days[0]?.day ?? '')}</span>
            <span>{dayWords(days.at(-1)?.day ?? '')}</span>
          </p>
          <figcaption>
            <ul class="legend">
              {series.map(({ name, label, total, place }) => (
                <li key={name}>
                  <svg width="14" height="14" aria-hidden="true">
                    <rect width="14" height="14" rx="3" fill={`url(#series-${place})`} />
                  </svg>
                  {label} <span class="number">{total}</span>
                </li>
              ))}
            </ul>
          </figcaption>
          <details>
            <summary>As a table</summary>
            <DayTable days={days} series={series} />
          </details>
        </figure>
      )}
    </Section>
  );
}

function Bars({ days, series, all }: { days: DayView[]; series: Series[]; all: number }) {
  const sums = days.map(({ counts }) => series.reduce((sum, { name }) => sum + (counts[name] ?? 0), 0));
  const most = Math.max(...sums);
  const step = width / days.length;
  const best = days[sums.indexOf(most)]?.day ?? '';
  const words = `${countWords(all, 'picture', 'pictures')} in ${days.length} days, most on ${dayWords(best)}: ${most}.`;
  return (
    <svg viewBox={`0 0 ${width} ${height + 1}`} role="img" aria-label={words}>
      <defs>
        {series.map(({ place }) => (
          <pattern key={place} id={`series-${place}`} class={`series-${place}`} {...tile}>
            <rect width="8" height="8" fill="currentColor" />
            <path d={strokes[place]} class="stroke" />
          </pattern>
        ))}
      </defs>
      <path d={`M0 ${height}.5H${width}`} class="baseline" />
      {days.map(({ day, counts }, index) => {
        let top = height;
        return (
          <g key={day}>
            <title>{`${dayWords(day)}: ${daySummary(counts, series)}`}</title>
            {series.map(({ name, place }) => {
              const size = ((counts[name] ?? 0) / most) * height;
              if (size === 0) return null;
              top -= size;
              const bar = { x: index * step + gap / 2, y: top, width: step - gap, height: size };
              return <rect key={name} {...bar} fill={`url(#series-${place})`} />;
            })}
          </g>
        );
      })}
    </svg>
  );
}

function DayTable({ days, series }: { days: DayView[]; series: Series[] }) {
  const full = days.filter(({ counts }) => series.some(({ name }) => (counts[name] ?? 0) > 0)).toReversed();
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Day</th>
          <th scope="col">Pictures</th>
        </tr>
      </thead>
      <tbody>
        {full.map(({ day, counts }) => (
          <tr key={day}>
            <th scope="row">{dayWords(day)}</th>
            <td>{daySummary(counts, series)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function daySummary(counts: Readonly<Record<string, number>>, series: Series[]): string {
  const parts = series
    .filter(({ name }) => (counts[name] ?? 0) > 0)
    .map(({ name, label }) => `${label} ${counts[name]}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

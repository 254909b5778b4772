import { useState } from 'preact/hooks';
import { Chart } from './chart.tsx';
import { Gallery } from './gallery.tsx';
import { Header } from './header.tsx';
import { type Notice, NoticeBar, ShowNotice } from './notice.tsx';
import { Providers } from './providers.tsx';
import { Failed, Running, Waiting } from './rows.tsx';
import { Spend } from './spend.tsx';
import { TryPrompt } from './try-prompt.tsx';
import { type Connection, useOverview } from './use-overview.ts';

/** The status page. */
export function App() {
  const { overview, connection, aheadMs } = useOverview();
  const [notice, setNotice] = useState<Notice>();
  return (
    <ShowNotice.Provider value={setNotice}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <ConnectionBanner connection={connection} />
      {overview && <Header overview={overview} />}
      <main id="main" tabIndex={-1} aria-busy={!overview}>
        {overview ? (
          <>
            {overview.alerts.length > 0 && (
              <section class="alerts" aria-labelledby="alerts">
                <h2 id="alerts">Needs your attention</h2>
                <ul>
                  {overview.alerts.map((alert) => (
                    <li key={alert}>{alert}</li>
                  ))}
                </ul>
              </section>
            )}
            <div class="columns">
              <div class="column">
                <Running rows={overview.running} aheadMs={aheadMs} />
                <Waiting overview={overview} />
                <Failed overview={overview} />
              </div>
              <TryPrompt providers={overview.providers} />
            </div>
            <div class="columns even">
              <Providers providers={overview.providers} />
              <div class="column">
                <Spend spend={overview.spend} />
                <Chart days={overview.days} providers={overview.providers} />
              </div>
            </div>
            <Gallery images={overview.pictures} />
          </>
        ) : (
          <p class="empty opening">Loading…</p>
        )}
      </main>
      {overview && (
        <footer>
          <p>
            Version {overview.version} · <a href="/docs">API</a> · Times are of your time zone; days and months are UTC.
          </p>
        </footer>
      )}
      <NoticeBar notice={notice} onClose={() => setNotice(undefined)} />
    </ShowNotice.Provider>
  );
}

function ConnectionBanner({ connection }: { connection: Connection }) {
  return (
    <div role="status" class="connection-place">
      {connection === 'lost' && <p class="connection">Connection lost, trying again…</p>}
      {connection === 'polling' && (
        <p class="connection">Many pages are open: this one is refreshed every ten seconds.</p>
      )}
    </div>
  );
}

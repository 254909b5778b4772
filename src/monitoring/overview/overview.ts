import { isoTime } from '../../lib/dates.ts';
import { shortened } from '../../lib/text.ts';
import { providerMessages, troubleMessages } from '../../messages/page.ts';
import type { Post } from '../../core/post.ts';
import type { BoardState } from './board-view.ts';
import type { Activity, DayView, Overview, ProviderView, Row, ImageView, SpendView } from '../../core/overview.ts';
import type { ImageRecord } from '../../core/image.ts';
import type { ProviderState } from '../../chain/chain.ts';
import type { WorkerSources } from '../sources.ts';
import type { ProviderRecord } from './provider-record.ts';

/** Who looks at the page. */
export interface Viewer {
  /** Safe as a part of a path. */
  id: string;
  name: string;
  canLogOut: boolean;
}

/** What the overview is built from. */
export interface OverviewSources extends WorkerSources {
  rows: { state(): BoardState };
  record: ProviderRecord;
  tally: { days(count: number): DayView[] };
}

const mostRows = 100;
const mostImages = 24;
const chartDays = 30;
/** Longest texts, in characters: a snapshot stays small whatever people write. */
const longest = { title: 500, error: 1000, prompt: 4000 };

/** The page's whole content for one viewer, as of now. It never fails: what cannot be read is absent. */
export async function buildOverview(sources: OverviewSources, viewer: Viewer): Promise<Overview> {
  const { clock, redact } = sources;
  const state = sources.rows.state();
  const cut = (text: string, length: number) => shortened(redact(text), length);
  const address = (url: string) => (sources.board.isOnNotion ? url : '');
  const row = (post: Post): Row => ({
    id: post.id,
    url: address(post.url),
    title: cut(post.title, longest.title),
    since: post.editedAt,
  });
  const imageView = ({ file, ...image }: ImageRecord, path: string): ImageView => ({
    ...image,
    url: `/${path}/${encodeURIComponent(file)}`,
    thumbnailUrl: `/thumbnails/${path}/${encodeURIComponent(file)}`,
    prompt: cut(image.prompt, longest.prompt),
    provider: sources.providers.find(({ name }) => name === image.provider)?.label ?? redact(image.provider),
    model: redact(image.model),
    why: cut(image.why, longest.error),
  });
  const latestImages = async () => {
    const [own, uploaded] = await Promise.all([
      sources.images.latest(mostImages),
      sources.uploads.latest(viewer.id, mostImages),
    ]);
    const uploads = `uploads/images/user-${encodeURIComponent(viewer.id)}`;
    return [...own.map((image) => imageView(image, 'pictures')), ...uploaded.map((image) => imageView(image, uploads))]
      .toSorted((a, b) => Date.parse(b.generatedAt) - Date.parse(a.generatedAt))
      .slice(0, mostImages);
  };
  const [images, money] = await Promise.all([
    latestImages().catch(() => undefined),
    sources.budget.state().catch(() => undefined),
  ]);
  const trouble = workerTrouble(sources);

  return {
    at: isoTime(clock.now()),
    version: sources.version,
    viewer: { name: viewer.name, canLogOut: viewer.canLogOut },
    ...(state.title !== undefined &&
      state.url !== undefined && { board: { title: cut(state.title, longest.title), url: address(state.url) } }),
    activity: activityOf(sources, state),
    ...(trouble !== undefined && { trouble: redact(trouble) }),
    ...(state.trouble !== undefined && { boardTrouble: cut(state.trouble, longest.error) }),
    alerts: sources.health.alerts().map(redact),
    running: state.served.map(({ post, provider, isMade, since }) => ({
      ...row(post),
      ...(provider !== undefined && { provider }),
      ...(isMade && { isMade }),
      since: isoTime(since),
    })),
    waiting: {
      rows: state.waiting.slice(0, mostRows).map(row),
      further: Math.max(0, state.waiting.length - mostRows),
      more: state.moreWaiting,
    },
    failed: {
      rows: state.failed.slice(0, mostRows).map((post) => ({ ...row(post), error: cut(post.error, longest.error) })),
      more: state.moreFailed,
    },
    ...(images && { pictures: images }),
    providers: providerViews(sources),
    days: sources.tally.days(chartDays),
    ...(money && { spend: spendView(money) }),
  };
}

/** Only what the page shows. */
function spendView({ month, capUsd, spentUsd, possibleUsd, openUsd }: SpendView): SpendView {
  return { month, ...(capUsd !== undefined && { capUsd }), spentUsd, possibleUsd, openUsd };
}

function activityOf(
  { passes, schedule }: OverviewSources,
  { served, waiting, moreWaiting, ended }: BoardState,
): Activity {
  const pausedSince = passes.pausedSince();
  if (pausedSince !== undefined) return { kind: 'paused', since: pausedSince };
  const recent = passes.recent();
  const running = recent.find(({ state }) => state === 'running');
  if (running) {
    const since = running.startedAt ?? running.requestedAt;
    const total = ended + served.length + waiting.length;
    return { kind: 'working', since, done: ended, total, more: moreWaiting };
  }
  if (recent.some(({ state }) => state === 'queued')) return { kind: 'starting' };
  const next = schedule.next();
  return { kind: 'idle', ...(next !== undefined && { nextAt: isoTime(next) }) };
}

function workerTrouble({ health, passes }: OverviewSources): string | undefined {
  for (const verdict of [health.liveness(), health.readiness()]) if (!verdict.ok) return verdict.reason;
  const last = passes.recent().find(({ state }) => state !== 'queued' && state !== 'running');
  if (last?.state !== 'failed') return undefined;
  return troubleMessages.lastPass(last.error);
}

function providerViews(sources: OverviewSources): ProviderView[] {
  const chain = new Map(sources.chain.state().map((state) => [state.name, state]));
  const cutError = (text: string) => shortened(sources.redact(text), longest.error);
  return sources.providers.map(({ name, label, configured }) => {
    const { lastError, medianMs } = sources.record.of(name);
    return {
      name,
      label,
      ...providerStatus(configured ? chain.get(name) : undefined),
      ...(lastError && { lastError: { at: lastError.at, message: cutError(lastError.message) } }),
      ...(medianMs !== undefined && { medianMs }),
    };
  });
}

type ProviderStatus = Pick<ProviderView, 'state' | 'words' | 'until' | 'canAskAgain'>;

function providerStatus(state: ProviderState | undefined): ProviderStatus {
  if (!state) return { state: 'absent', words: providerMessages.absent, canAskAgain: false };
  const { breaker, admits } = state;
  const isClosed = breaker.kind === 'closed';
  if (admits) return { state: 'ready', words: providerMessages[isClosed ? 'ready' : 'due'], canAskAgain: false };
  if (isClosed) return { state: 'left-out', words: providerMessages.leftOut('over_budget'), canAskAgain: false };
  const { code, until } = breaker.lockout;
  const leftOut = { state: 'left-out', canAskAgain: true } as const;
  if (breaker.kind === 'half-open') return { ...leftOut, words: providerMessages.beingTried(code) };
  return { ...leftOut, words: providerMessages.leftOut(code), until: isoTime(until) };
}

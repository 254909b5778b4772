import type { FailureCode } from '../core/reactions.ts';
import { failureMessages } from './failures.ts';

/** How a provider stands, on the status page. */
export const providerMessages = {
  absent: 'Not configured',
  ready: 'Ready',
  due: 'Ready to be tried again',
  leftOut: (code: FailureCode) => failureMessages[code].page,
  beingTried: (code: FailureCode) => `${failureMessages[code].page}, being tried again`,
};

/** What the status page says is wrong, beside the verdicts of `health.ts`. */
export const troubleMessages = {
  lastPass: (error = 'the log says why.') => `The last pass failed: ${error}`,
  boardUnread: 'The board could not be read; the log says more.',
};

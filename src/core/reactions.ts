/** Every way in which a provider can fail; `reactions` says what each means. */
export type FailureCode =
  | 'out_of_credit'
  | 'unauthorized'
  | 'retired'
  | 'rate_limited'
  | 'loading'
  | 'unreachable'
  | 'unavailable'
  | 'timeout'
  | 'invalid_request'
  | 'content_rejected'
  | 'bad_image'
  | 'over_budget'
  | 'circuit_open';

/** What a failure means for the rest of the chain. */
export interface Reaction {
  /** May the same provider be asked again for the same image? */
  again: 'no' | 'briefly' | 'wait' | 'once_if_free';
  /** Is the next provider asked? */
  next: boolean;
  /** What is remembered beyond this image, and at what grain. */
  remember: 'nothing' | 'account' | 'route' | 'breaker';
  /** Does the operator have to act? */
  alert: boolean;
}

/** The one table of reactions; docs/architecture.md shows it to people. */
export const reactions: Readonly<Record<FailureCode, Reaction>> = {
  out_of_credit: { again: 'no', next: true, remember: 'account', alert: false },
  unauthorized: { again: 'no', next: true, remember: 'account', alert: true },
  retired: { again: 'no', next: true, remember: 'route', alert: true },
  rate_limited: { again: 'briefly', next: true, remember: 'account', alert: false },
  loading: { again: 'wait', next: true, remember: 'route', alert: false },
  unreachable: { again: 'no', next: true, remember: 'breaker', alert: false },
  unavailable: { again: 'once_if_free', next: true, remember: 'breaker', alert: false },
  timeout: { again: 'no', next: true, remember: 'breaker', alert: false },
  invalid_request: { again: 'no', next: true, remember: 'nothing', alert: false },
  content_rejected: { again: 'no', next: false, remember: 'nothing', alert: false },
  bad_image: { again: 'no', next: true, remember: 'breaker', alert: false },
  over_budget: { again: 'no', next: true, remember: 'nothing', alert: false },
  circuit_open: { again: 'no', next: true, remember: 'nothing', alert: false },
};

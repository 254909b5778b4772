import { createHash } from 'node:crypto';
import type { Post } from '../core/post.ts';
import { promptOf } from '../generation/request.ts';

/**
 * What stands for everything in a row that its image depends on, by version. A journal's entry keeps the version it was made
 * with, so that a new rule here makes no unchanged row look edited.
 */
const rules: Readonly<Record<string, (post: Post) => unknown>> = {
  1: (post) => {
    const { headline: _, ...options } = post.options;
    return [promptOf(post), ...Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1))];
  },
};
const newestVersion = '1';

/** Changes when anything changes that an image of this row depends on: `<version>:<hash>`. */
export function fingerprintOf(post: Post): string {
  return fingerprintBy(newestVersion, post);
}

/** Is the row as it was when the fingerprint was taken? */
export function hasFingerprint(post: Post, fingerprint: string): boolean {
  const version = fingerprint.slice(0, fingerprint.indexOf(':'));
  return Object.hasOwn(rules, version) && fingerprintBy(version, post) === fingerprint;
}

function fingerprintBy(version: string, post: Post): string {
  const content = JSON.stringify(rules[version]?.(post));
  return `${version}:${createHash('sha256').update(content).digest('hex')}`;
}

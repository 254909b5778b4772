import type { Post } from '../../src/core/post.ts';

/** A row of the board that waits. */
export function fakePost(overrides: Partial<Post> = {}): Post {
  return {
    id: '11111111-2222-3333-4444-555555555555',
    url: 'https://www.notion.so/row',
    title: 'Harbour at dusk',
    prompt: 'a harbour at dusk',
    caption: '',
    status: 'needs-image',
    statusName: 'Needs image',
    options: {},
    imageNames: [],
    imageFile: '',
    provider: '',
    error: '',
    createdAt: '2026-11-21T09:00:00.000Z',
    editedAt: '2026-11-21T09:30:00.000Z',
    ...overrides,
  };
}

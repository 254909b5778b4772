import type { PostBoard } from '../core/board.ts';
import type { Post } from '../core/post.ts';

/** The board, whose looks at the rows that wait are told. */
export function sightedBoard(board: PostBoard, sighted: (posts: readonly Post[]) => void): PostBoard {
  return {
    ...board,
    async pending(options) {
      const page = await board.pending(options);
      sighted(page.posts);
      return page;
    },
  };
}

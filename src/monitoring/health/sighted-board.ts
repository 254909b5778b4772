import type { PendingPage, PostBoard } from '../../core/board.ts';

/** The board, whose looks at the rows that wait are told; `isFirst` of the first page of them. */
export function pendingReadBoard(board: PostBoard, sighted: (page: PendingPage, isFirst: boolean) => void): PostBoard {
  return {
    ...board,
    async pending(options) {
      const page = await board.pending(options);
      sighted(page, options?.cursor === undefined);
      return page;
    },
  };
}

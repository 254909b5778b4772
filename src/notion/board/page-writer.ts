import type { UpdatePageParameters } from '@notionhq/client';
import type { Settlement } from '../../core/board.ts';
import type { PostStatus } from '../../core/post.ts';
import type { PropertyKey } from '../../core/properties.ts';
import type { BoundBoard } from '../schema/schema.ts';

type PropertyValues = NonNullable<UpdatePageParameters['properties']>;

/** Longest text of one rich-text item, in UTF-16 units (Notion's request limits, 2026-11). */
const maxTextLength = 2000;
const maxOptionLength = 100;

/** The property values that write a settlement; properties that the board lacks are left out. */
export function settlementValues(board: BoundBoard, settlement: Settlement): PropertyValues {
  const write = writer(board);
  if (settlement.kind === 'failed') {
    write.text('claim', '');
    write.status('failed');
    write.text('error', settlement.error);
    write.text('why', settlement.why);
    return write.values;
  }
  if (!settlement.keepsStatus) {
    write.text('claim', '');
    write.status('image-ready');
  }
  const { path: name } = settlement.image;
  write.set('image', { files: [{ type: 'file_upload', file_upload: { id: settlement.uploadId }, name }] });
  write.text('imageFile', name);
  write.text('model', settlement.model);
  write.text('provider', settlement.provider);
  write.text('error', '');
  write.set('generatedAt', { date: { start: new Date(settlement.generatedAt).toISOString() } });
  write.text('why', settlement.why);
  write.set('cost', { number: settlement.costUsd });
  return write.values;
}

/** The property values that show a row in another state, with Claim as given. */
export function statusValues(board: BoundBoard, status: PostStatus, claim: string): PropertyValues {
  const write = writer(board);
  write.status(status);
  write.text('claim', claim);
  return write.values;
}

function writer(board: BoundBoard) {
  const values: PropertyValues = {};
  const set = (key: PropertyKey, value: PropertyValues[string]) => {
    const property = board.properties[key];
    if (property) values[property.id] = value;
  };
  return {
    values,
    set,
    status(state: PostStatus) {
      const option = state === 'other' ? undefined : board.statusOptions[state];
      const isStatus = board.properties.status.type === 'status';
      if (option) set('status', isStatus ? { status: { id: option.id } } : { select: { id: option.id } });
    },
    text(key: PropertyKey, words: string) {
      if (board.properties[key]?.type !== 'select') return set(key, { rich_text: textItems(wellFormed(words)) });
      // A comma parts options in Notion and is refused in a name.
      const name = wellFormed(words.replaceAll(',', ' ').slice(0, maxOptionLength)).trim();
      return set(key, { select: name === '' ? null : { name } });
    },
  };
}

/** Without the halves of surrogate pairs that a cut has left. */
function wellFormed(words: string): string {
  return words.replaceAll(/\p{Surrogate}/gu, '');
}

function textItems(words: string) {
  const items: { type: 'text'; text: { content: string } }[] = [];
  for (let start = 0; start < words.length && items.length < 100;) {
    let end = Math.min(start + maxTextLength, words.length);
    // Never between the halves of a surrogate pair.
    if (end < words.length && /[\uD800-\uDBFF]/.test(words.charAt(end - 1))) end -= 1;
    items.push({ type: 'text', text: { content: words.slice(start, end) } });
    start = end;
  }
  return items;
}

import { extractNotionId } from '@notionhq/client';
import { InvalidArgumentError } from 'commander';

/** Reads a whole number from 1 on. */
export function wholeNumber(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return Number(value);
}

/** Reads a number within a range. */
export function numberBetween(min: number, max: number): (value: string) => number {
  return (value) => {
    const parsed = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    if (parsed >= min && parsed <= max) return parsed;
    throw new InvalidArgumentError(`Give a number from ${min} to ${max}.`);
  };
}

/** Reads the id of a Notion page from the id or the page's address. */
export function pageId(value: string): string {
  const id = extractNotionId(value);
  if (!id) throw new InvalidArgumentError("Give the page's id or its address.");
  return id;
}

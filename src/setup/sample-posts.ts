import type { SampleRow } from '../notion/schema/create-database.ts';

/** The posts that a new board begins with, for three formats. */
export const samplePosts: readonly SampleRow[] = [
  {
    name: 'A slow Sunday breakfast',
    prompt: 'A breakfast table by a sunny window, fresh bread, honey and coffee, soft morning light, food photography',
    caption: 'No alarm, no hurry. What is on your table this Sunday?',
    format: 'Square',
  },
  {
    name: 'The market is back',
    prompt: 'A small-town street market in spring, stalls with tulips and vegetables, people strolling, warm light',
    caption: 'From Saturday on, every week from 8 until 1.',
    format: 'Landscape',
  },
  {
    name: 'Five minutes of quiet',
    prompt: 'A wooden bench by a misty lake at dawn, pine trees, calm water, muted colours, wide view',
    caption: 'Save this for the next busy day.',
    format: 'Portrait',
  },
];

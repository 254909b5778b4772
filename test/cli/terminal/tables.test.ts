import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/core/finding.ts';
import { findingsTable } from '../../../src/cli/terminal/tables.ts';

const finding = (state: Finding['state'], message = 'so it is'): Finding => ({
  key: 'disk',
  about: 'Disk',
  state,
  message,
});
const last = (...findings: Finding[]) => findingsTable(findings, undefined).split('\n').at(-1);

describe('the table of findings', () => {
  it('has a line for each finding where there is no terminal', () => {
    expect(findingsTable([finding('well'), finding('note'), finding('warning'), finding('problem')], undefined)).toBe(
      '✓ Disk: so it is\n· Disk: so it is\n! Disk: so it is\n✗ Disk: so it is\n1 problem (✗) and 1 warning (!).',
    );
  });

  it('counts what is to be mended', () => {
    expect(last(finding('well'), finding('note'))).toBe('All is well.');
    expect(last(finding('warning'), finding('warning'))).toBe('2 warnings (!).');
    expect(last(finding('problem'), finding('problem'))).toBe('2 problems (✗).');
  });

  it.each([60, 80, 132])('is no wider than a terminal of %d columns', (columns) => {
    const text = findingsTable([finding('problem', 'many words '.repeat(40)), finding('well')], columns);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(text.match(/words/g)).toHaveLength(40);
    expect(text).toMatch(/│ ✗ │ Disk │ many words/);
  });
});

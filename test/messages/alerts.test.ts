import { describe, expect, it } from 'vitest';
import { reactions } from '../../src/core/reactions.ts';
import { keysOf } from '../../src/lib/records.ts';
import { alertMessages, providerAlertMessages } from '../../src/messages/alerts.ts';

const error = new Error('Notion\ncould not be reached.');
const messages = [
  alertMessages.tokenRefused(),
  alertMessages.budgetReached(),
  alertMessages.rowsStuck(2, 'https://notion.so/row'),
  alertMessages.diskLow(1.5 * 1024 * 1024, '/images'),
  alertMessages.passesFailing(3, error),
  alertMessages.folderTaken('/images'),
  ...Object.values(providerAlertMessages).map((messageOf) => messageOf('Replicate', 'it said\nso')),
];

describe('an alert', () => {
  it.each(messages)('says what the operator does about it, and that it is over: $well', ({ trouble, well }) => {
    expect(trouble).toMatch(/^[A-Z1-9](?!.*(\n|undefined)).*\. Operator: .*\.$/);
    expect(well).toMatch(/^[A-Z].*: it is well again\.$/);
  });

  it('exists for each failure that a provider does not get over by itself', () => {
    const alerting = keysOf(reactions).filter((code) => reactions[code].alert);
    expect(Object.keys(providerAlertMessages).toSorted()).toEqual(alerting.toSorted());
  });

  it('quotes no more of another than an operator reads', () => {
    const { trouble } = alertMessages.passesFailing(3, new Error('x'.repeat(5000)));
    expect(trouble.length).toBeLessThan(500);
    expect(alertMessages.passesFailing(3, 'a string').trouble).toContain('The last one said: a string');
  });

  it('counts one row and many', () => {
    expect(alertMessages.rowsStuck(1, 'u').trouble).toMatch(/^One row is left/);
    expect(alertMessages.rowsStuck(2, 'u').trouble).toMatch(/^2 rows are left/);
  });
});

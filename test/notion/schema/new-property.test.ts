import { describe, expect, it } from 'vitest';
import { statusNames } from '../../../src/core/properties.ts';
import { newProperty } from '../../../src/notion/schema/new-property.ts';

function firstOption(statuses: Record<keyof typeof statusNames, string>) {
  const property = newProperty('status', statuses);
  return 'status' in property ? property.status.options[0] : undefined;
}

describe('a new status property', () => {
  it('begins with an option that asks for nothing, for every row gets it', () => {
    expect(firstOption(statusNames)).toEqual({ name: 'Draft', color: 'gray' });
  });

  it('does so too when that name is taken', () => {
    expect(firstOption({ ...statusNames, approved: 'Draft' })).toEqual({ name: 'Idea', color: 'gray' });
  });
});

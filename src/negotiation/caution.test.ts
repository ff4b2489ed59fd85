import { expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { sellsUnkept } from './caution.ts';

const definition = { negotiable: [{ pointer: '/term_months', label: 'Term', kind: 'months' as const }] };
const isTold = (policy: JsonObject, fields: readonly string[] = ['end_date', 'notice_days']) =>
  sellsUnkept(definition, { policy, fields });
const issues = (worth: JsonObject): JsonObject => ({ '/term_months': { range: [12, 36], worth } });

it('T8: a policy that sells a longer term cheaper is told of where no contract says that the term is kept', () => {
  expect(isTold({ issues: issues({ 12: 0, 24: 4, 36: 8 }) })).toBe(true);
  expect(isTold({ issues: {}, segments: [{ issues: issues({ 36: 8, 12: 0 }) }] })).toBe(true);
  for (const field of ['minimum_until', 'minimum_months', 'notice_to'])
    expect(isTold({ issues: issues({ 12: 0, 36: 8 }) }, ['end_date', field])).toBe(false);
  expect(isTold({ issues: issues({ 12: 8, 36: 0 }) })).toBe(false);
  expect(isTold({ issues: { '/term_months': { range: [12, 36] } } })).toBe(false);
  expect(isTold({})).toBe(false);
});

import { expect, it } from 'vitest';
import { budgetName } from './budget.ts';
import type { BudgetRule } from './policy.ts';

const at = (time: string, timeZone: string) => (period: BudgetRule['period']) =>
  budgetName({ name: 'contract.renew', period } as BudgetRule, {
    clock: { now: () => new Date(time) },
    settings: { timeZone } as never,
  });

it('T11: a budget’s periods begin with the company’s own days, as a mandate’s do', () => {
  const names = (time: string, zone: string) => (['day', 'month', 'quarter', 'year'] as const).map(at(time, zone));
  const of = (...periods: readonly string[]) => periods.map((each) => `budget:contract.renew/${each}`);
  expect(names('2026-12-31T23:30:00Z', 'UTC')).toEqual(of('2026-12-31', '2026-12', '2026-Q4', '2026'));
  expect(names('2026-12-31T23:30:00Z', 'Europe/Berlin')).toEqual(of('2027-01-01', '2027-01', '2027-Q1', '2027'));
  expect(names('2026-10-01T03:00:00Z', 'America/New_York')).toEqual(of('2026-09-30', '2026-09', '2026-Q3', '2026'));
});

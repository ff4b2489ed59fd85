import type { DatabaseSync } from 'node:sqlite';
import type { BudgetUse } from '../ports.ts';

/** `budgets` is the sum of `budget_uses`, kept beside it so that a check is one lookup; both change in the same transaction. */
export const BUDGETS_SCHEMA = `
  CREATE TABLE budgets (name TEXT PRIMARY KEY, used INTEGER NOT NULL) STRICT;
  CREATE TABLE budget_uses (operation TEXT PRIMARY KEY, budget TEXT NOT NULL, amount INTEGER NOT NULL) STRICT;
  CREATE INDEX budget_uses_budget ON budget_uses (budget);
`;

export function budgetStatements(db: DatabaseSync) {
  return {
    budgetUsed: db.prepare('SELECT used FROM budgets WHERE name = ?'),
    budgetAdd: db.prepare(
      'INSERT INTO budgets (name, used) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET used = used + excluded.used',
    ),
    budgetHeld: db.prepare('SELECT budget, amount FROM budget_uses WHERE operation = ?'),
    budgetHold: db.prepare(
      'INSERT INTO budget_uses (operation, budget, amount) VALUES (?, ?, ?) ON CONFLICT (operation) DO UPDATE SET budget = excluded.budget, amount = excluded.amount',
    ),
    budgetFree: db.prepare('DELETE FROM budget_uses WHERE operation = ?'),
  };
}

type BudgetSql = ReturnType<typeof budgetStatements>;

export function usedOf(sql: BudgetSql, budget: string): number {
  return Number(sql.budgetUsed.get(budget)?.['used'] ?? 0);
}

/** Whether the budget can take what this operation would hold more of it than it does. Giving back always can be done. */
export function hasRoom(sql: BudgetSql, { operation, budget, amount, limit }: BudgetUse): boolean {
  const held = sql.budgetHeld.get(operation);
  const more = amount - (held?.['budget'] === budget ? Number(held['amount']) : 0);
  return more <= 0 || usedOf(sql, budget) + more <= (limit ?? Number.MAX_SAFE_INTEGER);
}

export function holdBudget(sql: BudgetSql, { operation, budget, amount }: BudgetUse): void {
  const held = sql.budgetHeld.get(operation);
  if (held !== undefined) {
    sql.budgetAdd.run(String(held['budget']), -Number(held['amount']));
    sql.budgetFree.run(operation);
  }
  if (amount === 0) return;
  sql.budgetAdd.run(budget, amount);
  sql.budgetHold.run(operation, budget, amount);
}

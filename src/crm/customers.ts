/** Names of customers for the company's pages: read from the CRM when a page wants them, kept for some minutes, and never waited for long. */
import { accountOf } from '../engine/case.ts';
import { within } from '../engine/limit.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { customerOf } from '../execution/customer.ts';

const KEPT = 1_000;
const KEPT_MS = 600_000;
/** Without an answer, or without a name. */
const UNKNOWN_MS = 30_000;
/** Names one page asks the CRM for; the next look at it has more. */
const READS_A_PAGE = 20;
const PAGE_WAITS_MS = 1_000;

/** By account, as far as they are known in time. */
export type CustomerNames = (operations: readonly Operation[]) => Promise<ReadonlyMap<string, string>>;

export function makeCustomerNames(world: World): CustomerNames {
  const known = new Map<string, { readonly name: string | undefined; readonly until: number }>();
  const asking = new Map<string, Promise<void>>();

  async function ask(account: string, operation: Operation): Promise<void> {
    const { name } = (await customerOf(world, operation)) ?? {};
    const oldest = known.keys().next().value;
    if (known.size >= KEPT && oldest !== undefined) known.delete(oldest);
    known.delete(account);
    known.set(account, { name, until: world.clock.now().getTime() + (name === undefined ? UNKNOWN_MS : KEPT_MS) });
    asking.delete(account);
  }

  return async (operations) => {
    const now = world.clock.now().getTime();
    const accounts = new Map(operations.flatMap((each) => pairOf(each)));
    const stale = [...accounts].filter(([account]) => (known.get(account)?.until ?? 0) <= now && !asking.has(account));
    for (const [account, operation] of stale.slice(0, READS_A_PAGE)) asking.set(account, ask(account, operation));
    const wanted = [...accounts.keys()].flatMap((account) => asking.get(account) ?? []);
    if (wanted.length > 0) await within(PAGE_WAITS_MS, Promise.all(wanted));
    return new Map(
      [...accounts.keys()].flatMap((account) => {
        const name = known.get(account)?.name;
        return name === undefined ? [] : [[account, name] as const];
      }),
    );
  };
}

function pairOf(operation: Operation): [string, Operation][] {
  const account = accountOf(operation);
  return account === undefined || operation.customer?.name !== undefined ? [] : [[account, operation]];
}

import { accountOf } from '../engine/case.ts';
import type { Customer, Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { crmContext } from './crm.ts';

/** Under these an account has its name, in our words. */
const NAMES = ['account.name', 'name'];
const NAME_CHARS_MAX = 160;

/** Whose it is, by name where the CRM has one and answers in its time. One that does not stops nothing. */
export async function customerOf(world: World, operation: Operation): Promise<Customer | undefined> {
  const account = accountOf(operation);
  if (account === undefined) return undefined;
  try {
    const { data } = await world.crm.read(crmContext(world, operation), { type: 'account', by: 'id', value: account });
    const name = NAMES.map((each) => data[each]).find((each) => typeof each === 'string' && each !== '');
    return typeof name === 'string' ? { account, name: name.slice(0, NAME_CHARS_MAX).toWellFormed() } : { account };
  } catch {
    return { account };
  }
}

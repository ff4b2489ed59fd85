import contractRenew from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import dataValidate from '../../protocol/actions/data.validate.json' with { type: 'json' };
import humanHandoff from '../../protocol/actions/human.handoff.json' with { type: 'json' };
import accept from '../../protocol/schemas/accept.json' with { type: 'json' };
import handoff from '../../protocol/schemas/handoff.json' with { type: 'json' };
import invite from '../../protocol/schemas/invite.json' with { type: 'json' };
import offers from '../../protocol/schemas/offers.json' with { type: 'json' };
import propose from '../../protocol/schemas/propose.json' with { type: 'json' };
import register from '../../protocol/schemas/register.json' with { type: 'json' };
import submit from '../../protocol/schemas/submit.json' with { type: 'json' };
import withdraw from '../../protocol/schemas/withdraw.json' with { type: 'json' };
import { type Contract, type ContractSource, readContract } from './contract.ts';

/** The actions and envelopes this gateway ships with. */
export const SHIPPED: ContractSource = {
  definitions: [contractRenew, dataValidate, humanHandoff],
  envelopes: { submit, offers, accept, withdraw, handoff, register, invite, propose },
};

export function readDefinitions(): Contract {
  const read = readContract(SHIPPED);
  if (!read.ok) throw new Error(read.error.join('\n'));
  return read.value;
}

import caseOpen from '../../protocol/actions/case.open.json' with { type: 'json' };
import contactUpdate from '../../protocol/actions/contact.update.json' with { type: 'json' };
import contractAmend from '../../protocol/actions/contract.amend.json' with { type: 'json' };
import contractCancel from '../../protocol/actions/contract.cancel.json' with { type: 'json' };
import contractRenew from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import dataRights from '../../protocol/actions/data.rights.json' with { type: 'json' };
import dataValidate from '../../protocol/actions/data.validate.json' with { type: 'json' };
import humanHandoff from '../../protocol/actions/human.handoff.json' with { type: 'json' };
import orderChange from '../../protocol/actions/order.change.json' with { type: 'json' };
import orderPlace from '../../protocol/actions/order.place.json' with { type: 'json' };
import paymentArrange from '../../protocol/actions/payment.arrange.json' with { type: 'json' };
import providerSwitch from '../../protocol/actions/provider.switch.json' with { type: 'json' };
import quoteRequest from '../../protocol/actions/quote.request.json' with { type: 'json' };
import recordRead from '../../protocol/actions/record.read.json' with { type: 'json' };
import refundRequest from '../../protocol/actions/refund.request.json' with { type: 'json' };
import slaCredit from '../../protocol/actions/sla.credit.json' with { type: 'json' };
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
  definitions: [
    caseOpen,
    contactUpdate,
    contractAmend,
    contractCancel,
    contractRenew,
    dataRights,
    dataValidate,
    humanHandoff,
    orderChange,
    orderPlace,
    paymentArrange,
    providerSwitch,
    quoteRequest,
    recordRead,
    refundRequest,
    slaCredit,
  ],
  envelopes: { submit, offers, accept, withdraw, handoff, register, invite, propose },
};

export function readDefinitions(): Contract {
  const read = readContract(SHIPPED);
  if (!read.ok) throw new Error(read.error.join('\n'));
  return read.value;
}

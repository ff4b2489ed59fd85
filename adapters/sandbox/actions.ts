/** Recipes for what only the sandbox CRM has records for; the others are shared (adapters/sdk/actions). */
import type { JsonObject } from '../../protocol/base/json.ts';
import contractAmend from './actions/contract.amend.json' with { type: 'json' };
import contractCancel from './actions/contract.cancel.json' with { type: 'json' };
import contractRenew from './actions/contract.renew.json' with { type: 'json' };
import dataRights from './actions/data.rights.json' with { type: 'json' };
import orderChange from './actions/order.change.json' with { type: 'json' };
import orderPlace from './actions/order.place.json' with { type: 'json' };
import paymentArrange from './actions/payment.arrange.json' with { type: 'json' };
import providerSwitch from './actions/provider.switch.json' with { type: 'json' };
import quoteRequest from './actions/quote.request.json' with { type: 'json' };
import refundRequest from './actions/refund.request.json' with { type: 'json' };
import slaCredit from './actions/sla.credit.json' with { type: 'json' };

export const SANDBOX_RECIPES: readonly JsonObject[] = [
  contractAmend,
  contractCancel,
  contractRenew,
  dataRights,
  orderChange,
  orderPlace,
  paymentArrange,
  providerSwitch,
  quoteRequest,
  refundRequest,
  slaCredit,
];

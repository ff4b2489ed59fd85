/** Recipes in our names only: for a CRM whose mapping has these types and fields. A company replaces or adds to them in its own document. */
import type { JsonObject } from '../../../protocol/base/json.ts';
import caseOpen from './case.open.json' with { type: 'json' };
import contactUpdate from './contact.update.json' with { type: 'json' };
import contractAmend from './contract.amend.json' with { type: 'json' };
import contractCancel from './contract.cancel.json' with { type: 'json' };
import contractRenew from './contract.renew.json' with { type: 'json' };
import dataRights from './data.rights.json' with { type: 'json' };
import dataValidate from './data.validate.json' with { type: 'json' };
import humanHandoff from './human.handoff.json' with { type: 'json' };
import providerSwitch from './provider.switch.json' with { type: 'json' };
import refundRequest from './refund.request.json' with { type: 'json' };
import slaCredit from './sla.credit.json' with { type: 'json' };

export const STANDARD_RECIPES: readonly JsonObject[] = [contractRenew, dataValidate, humanHandoff, caseOpen];

/** Of the same kind: what a CRM with contracts, orders and tickets can do beyond them. */
export const FURTHER_RECIPES: readonly JsonObject[] = [
  refundRequest,
  contactUpdate,
  contractAmend,
  contractCancel,
  slaCredit,
  dataRights,
  providerSwitch,
];

/** For a CRM that is only described: each where it fits. */
export const ANY_RECIPES: readonly JsonObject[] = [...STANDARD_RECIPES, ...FURTHER_RECIPES];

/** Recipes in our names only: for a CRM whose mapping has these types and fields. A company replaces or adds to them in its own document. */
import type { JsonObject } from '../../../protocol/json.ts';
import caseOpen from './case.open.json' with { type: 'json' };
import contractRenew from './contract.renew.json' with { type: 'json' };
import dataValidate from './data.validate.json' with { type: 'json' };
import humanHandoff from './human.handoff.json' with { type: 'json' };
import refundRequest from './refund.request.json' with { type: 'json' };

export const STANDARD_RECIPES: readonly JsonObject[] = [
  contractRenew,
  dataValidate,
  humanHandoff,
  refundRequest,
  caseOpen,
];

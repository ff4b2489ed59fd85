/** What the actions that come with Parley need of a record, and of the agreed terms. */
import caseOpen from '../../../protocol/actions/case.open.json' with { type: 'json' };
import contactUpdate from '../../../protocol/actions/contact.update.json' with { type: 'json' };
import contractAmend from '../../../protocol/actions/contract.amend.json' with { type: 'json' };
import contractCancel from '../../../protocol/actions/contract.cancel.json' with { type: 'json' };
import contractRenew from '../../../protocol/actions/contract.renew.json' with { type: 'json' };
import dataRights from '../../../protocol/actions/data.rights.json' with { type: 'json' };
import dataValidate from '../../../protocol/actions/data.validate.json' with { type: 'json' };
import orderChange from '../../../protocol/actions/order.change.json' with { type: 'json' };
import orderPlace from '../../../protocol/actions/order.place.json' with { type: 'json' };
import paymentArrange from '../../../protocol/actions/payment.arrange.json' with { type: 'json' };
import providerSwitch from '../../../protocol/actions/provider.switch.json' with { type: 'json' };
import quoteRequest from '../../../protocol/actions/quote.request.json' with { type: 'json' };
import refundRequest from '../../../protocol/actions/refund.request.json' with { type: 'json' };
import slaCredit from '../../../protocol/actions/sla.credit.json' with { type: 'json' };
import { useOf } from '../../sdk/terms-use.ts';
import { eachAction } from '../bench.ts';
import { must } from '../outcome.ts';
import type { Rule } from '../rule.ts';

interface Needing {
  readonly name: string;
  readonly needs: Readonly<Record<string, readonly string[]>>;
  readonly terms?: { readonly properties: object };
}

const KNOWN: readonly Needing[] = [
  caseOpen,
  contactUpdate,
  contractAmend,
  contractCancel,
  contractRenew,
  dataRights,
  dataValidate,
  orderChange,
  orderPlace,
  paymentArrange,
  providerSwitch,
  quoteRequest,
  refundRequest,
  slaCredit,
];

/** 20 */
export const needsAreThere: Rule = {
  number: 20,
  title: 'what an action needs of a record is read, and what is agreed is written',
  run: (bench) =>
    eachAction(
      bench,
      ({ action }) => (KNOWN.some(({ name }) => name === action) ? undefined : 'not an action that comes with Parley'),
      async (action, { terms }) => {
        const { adapter, ctx, manifest } = bench;
        const known = KNOWN.find(({ name }) => name === action);
        const { fields } = manifest;
        must(
          fields !== undefined,
          'the manifest does not say which fields it reads',
          'Set manifest.fields: fieldsRead(mapping).',
        );
        for (const [type, names] of Object.entries(known?.needs ?? {})) {
          const read = fields[type];
          const lacks = names.filter((name) => read?.includes(name) !== true);
          must(
            read !== undefined && lacks.length === 0,
            `reads no ${read === undefined ? `record of type ${type}` : lacks.map((name) => `${type}.${name}`).join(', ')}`,
            'Map what the action needs, or do not claim it.',
          );
        }
        for (const name of Object.keys(known?.terms?.properties ?? {}))
          must(
            useOf(terms ?? {}, name) !== undefined,
            `nothing writes the agreed term ${name}`,
            'Write it, or say in the recipe’s "unwritten" why nothing does.',
          );
        const { about } = await bench.prepare(action);
        if (about === undefined) return undefined;
        const { data } = await adapter.read(ctx(), about.ref);
        const hidden = (fields[about.ref.type] ?? []).filter((name) => !Object.hasOwn(data, name));
        must(
          hidden.length === 0,
          `a record has no ${hidden.map((name) => `${about.ref.type}.${name}`).join(', ')}, which the manifest says it reads`,
          'Give every field of the manifest, null where the CRM has no value.',
        );
        return undefined;
      },
    ),
};

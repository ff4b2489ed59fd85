import type { JsonObject } from '../../../protocol/base/json.ts';
import { CASE_OUTCOMES, REASON_CODES } from '../../../protocol/operation.ts';

const text: JsonObject = { type: 'string' };
const time: JsonObject = { type: 'string', description: 'RFC 3339 UTC' };

/** RFC 9457, with `next`: what to do about it. */
export const PROBLEM_SCHEMA: JsonObject = {
  type: 'object',
  description: 'RFC 9457 problem. `next` says what to do.',
  required: ['type', 'title', 'status', 'next'],
  properties: {
    type: text,
    title: text,
    status: { type: 'integer' },
    detail: text,
    next: text,
    instance: text,
    retry_after: { type: 'integer' },
  },
};

/** A receipt with what it is verified by. */
export const RECEIPT_SCHEMA: JsonObject = {
  type: 'object',
  required: ['receipt', 'proof', 'keys'],
  properties: { receipt: text, proof: { type: ['string', 'null'] }, keys: { type: 'object' } },
};

const pointer: JsonObject = { type: 'string', description: 'Pointer into `terms`.' };

const SCHEDULE: JsonObject = {
  type: 'object',
  description:
    'The company’s price for every package of a set: one value of each of `issues`, all else as in the offer’s terms. Any whose price is not null may be accepted in place of `terms`, by naming it in `choice`.',
  required: ['main', 'issues', 'prices', 'firmness', 'indicative', 'jws'],
  properties: {
    main: { type: 'string', description: 'Pointer into `terms`: what `prices` are values of.' },
    unit: {
      type: 'object',
      description: 'What the prices count: minor units of the currency, or `scale` digits after the point.',
      required: ['currency'],
      properties: { currency: text, scale: { type: 'integer' } },
    },
    issues: {
      type: 'array',
      items: { type: 'object', required: ['pointer', 'values'], properties: { pointer, values: { type: 'array' } } },
    },
    prices: {
      type: 'array',
      items: { type: ['number', 'string', 'null'] },
      description: 'One for every package, the last issue’s values fastest; null: not offered.',
    },
    firmness: { enum: ['indicative', 'binding', 'held'], description: 'Of every package not named in `indicative`.' },
    indicative: {
      type: 'array',
      items: { type: 'integer' },
      description:
        'Places in `prices`, from 0: packages that a person must still sign off, or that a budget may have no room for.',
    },
    jws: { type: 'string', description: 'The company’s signature over the schedule payload.' },
  },
};

function offer(terms: JsonObject): JsonObject {
  return {
    type: 'object',
    required: ['id', 'parent', 'by', 'terms', 'terms_digest', 'firmness', 'made_at', 'expires_at'],
    properties: {
      id: text,
      parent: { type: ['string', 'null'] },
      by: { enum: ['agent', 'company', 'person'] },
      terms,
      terms_digest: { type: 'string', description: 'Accept by this digest and `id`.' },
      firmness: { enum: ['indicative', 'binding', 'held'] },
      made_at: time,
      expires_at: time,
      facts: {
        type: 'object',
        description:
          'What the company’s offer stands on: the record’s revision, and a salted digest of the facts it rests on.',
        required: ['revision', 'digest'],
        properties: { revision: { type: ['string', 'null'] }, digest: text },
      },
      reasons: {
        type: 'array',
        description:
          'Why the company’s offer is as it is: codes and values are signed with it, the words say the same.',
        items: {
          type: 'object',
          required: ['code', 'params', 'words'],
          properties: { code: { enum: [...REASON_CODES] }, params: { type: 'object' }, words: text },
        },
      },
      jws: { type: 'string', description: 'The company’s signature over the agreement this offer leads to.' },
      schedule: SCHEDULE,
      note: { type: 'string', description: 'Free text; never counts.' },
      note_by: { const: 'model', description: 'The note was written by a language model.' },
    },
  };
}

const SIGNOFF: JsonObject = {
  type: 'object',
  required: ['id', 'asked_at', 'expires_at', 'plan_digest', 'reasons'],
  properties: {
    id: text,
    asked_at: time,
    expires_at: time,
    plan_digest: text,
    reasons: { type: 'array', items: text },
    decision: { enum: ['approved', 'rejected', 'countered', 'void', 'expired'] },
    decided_at: time,
  },
};

const SCHEDULED: JsonObject = {
  type: 'object',
  description:
    'In state `scheduled`: what is left to do is carried out on this day, once it is shown that it may still be.',
  required: ['on', 'at', 'time_zone'],
  properties: {
    on: { type: 'string', description: 'The day, YYYY-MM-DD, in `time_zone`' },
    at: { ...time, description: 'RFC 3339 UTC: the instant that day begins there' },
    time_zone: { type: 'string', description: 'The company’s, by its IANA name' },
  },
};

const HANDOFF: JsonObject = {
  type: 'object',
  required: ['case_ref', 'asked_at', 'respond_by', 'channel'],
  properties: {
    case_ref: text,
    asked_at: time,
    respond_by: time,
    channel: text,
    settled: {
      type: 'object',
      description: 'What became of the case, as a person at the company says. Until then it is open.',
      required: ['at', 'outcome'],
      properties: {
        at: time,
        outcome: { enum: [...CASE_OUTCOMES] },
        message: { type: 'string', description: 'The person’s own words to you' },
      },
    },
  },
};

const NEGOTIATOR: JsonObject = {
  type: 'object',
  description: 'Who speaks for the company: an AI system, on whose behalf, and where a person is reached at any time.',
  required: ['kind', 'on_behalf_of', 'person'],
  properties: { kind: { const: 'ai' }, on_behalf_of: text, person: text },
};

const reading = (step: StepForm): JsonObject => ({
  type: 'object',
  description:
    'Your last words without terms, as the company understood them. Never binding: `confirm` has the typed forms that are.',
  required: ['at', 'by', 'understood', 'words', 'confirm'],
  properties: {
    at: time,
    by: { enum: ['rules', 'model'] },
    understood: {
      type: 'object',
      required: ['kind'],
      properties: {
        kind: {
          enum: ['proposal', 'question', 'acceptance', 'person', 'complaint', 'withdrawal', 'contradiction', 'unclear'],
        },
      },
    },
    words: text,
    confirm: {
      type: 'array',
      items: {
        type: 'object',
        required: [...step.required, 'body'],
        properties: { ...step.properties, body: { type: 'object' } },
      },
    },
  },
});

/** How a binding spells a step that may be taken. */
export interface StepForm {
  readonly required: readonly string[];
  readonly properties: JsonObject;
}

const REQUEST: StepForm = {
  required: ['rel', 'method', 'href'],
  properties: { rel: text, method: { enum: ['GET', 'POST'] }, href: text },
};

/** What every binding answers about an operation (`OperationView`): `output` and `terms` as the action's own schemas say. */
export function operationSchema(
  action: { readonly output?: JsonObject; readonly terms?: JsonObject } = {},
  step: StepForm = REQUEST,
): JsonObject {
  const { output = { type: 'object' }, terms = { type: 'object' } } = action;
  return {
    type: 'object',
    required: ['id', 'action', 'action_version', 'state', 'version', 'created_at', 'updated_at', 'next'],
    properties: {
      id: text,
      action: text,
      action_version: text,
      state: text,
      version: { type: 'integer' },
      created_at: time,
      updated_at: time,
      turn: { enum: ['agent', 'company'], description: 'Whose move it is in the negotiation.' },
      rounds_left: { type: 'integer' },
      expires_at: time,
      reminder: text,
      negotiator: NEGOTIATOR,
      reading: reading(step),
      offers: { type: 'array', items: offer(terms) },
      open_offers: {
        type: 'array',
        items: text,
        description: 'Ids of the offers you may accept now: one of them, until its expires_at.',
      },
      agreement: { type: 'object' },
      scheduled: SCHEDULED,
      signoff: SIGNOFF,
      output,
      problem: PROBLEM_SCHEMA,
      handoff: HANDOFF,
      next: {
        type: 'array',
        items: { type: 'object', required: [...step.required], properties: step.properties },
        description: 'The steps you may take now.',
      },
    },
  };
}

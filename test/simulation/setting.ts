/** Who asks in the simulation, what for, and with whose leave. */
import type { JsonObject } from '../../protocol/base/json.ts';
import { ok } from '../../protocol/base/result.ts';
import type { State } from '../../protocol/operation.ts';
import { groundsOf } from '../../src/engine/grounds.ts';
import type { MandateFacts, Operation } from '../../src/engine/operation.ts';
import type { Action } from '../../src/engine/world.ts';
import { CLAIMS } from './claims.ts';
import { GIVEN, given } from './limits.ts';

export const AGENT = 'A'.repeat(43);
export const START_MS = Date.UTC(2026, 10, 1);
export const HOUR_MS = 3_600_000;

const action: Action = {
  definition: {
    name: 'sim.write',
    version: '1',
    title: 'Write',
    kind: 'write',
    risk: 'R1',
    mandate: 'required',
    negotiable: [],
    default_signoff: 'policy',
  },
  rules: {
    subjects: [{ name: 'first', type: 'thing', id: ({ input }) => input['first'], shared: false }],
    requires: [],
    acrossAccounts: false,
    raise: [],
    standardTerms: GIVEN,
    grants: ({ terms }) => given(terms['gives']),
    claims: CLAIMS,
    commits: {},
    price: null,
    shows: new Map(),
    result: new Map(),
  },
  checkInput: (value) => ok(value as JsonObject),
  checkTerms: (value) => ok(value as JsonObject),
  checkPartialTerms: (value) => ok(value as JsonObject),
  checkOutput: (value) => ok(value as JsonObject),
};

/** The same, and no other of its kind on the same thing. */
const exclusive: Action = {
  ...action,
  definition: { ...action.definition, name: 'sim.agree' },
  rules: { ...action.rules, exclusive: ['first'] },
};
export const ACTIONS: ReadonlyMap<string, Action> = new Map(
  [action, exclusive].map((each) => [each.definition.name, each]),
);
/** Bound, or on the way to it. */
export const COMMITTED: ReadonlySet<State> = new Set<State>([
  'awaiting_signoff',
  'authorized',
  'scheduled',
  'executing',
  'unknown',
  'reconciling',
  'reversing',
  'needs_human',
]);

export const facts: MandateFacts = {
  jti: 'm',
  issuer: 'i',
  tier: 'principal',
  subject: 'contact:c',
  digest: 'd',
  expiresAt: START_MS / 1_000 + 86_400 * 365,
  constraints: { actions: ['sim.write', 'sim.agree'], accounts: ['acc'] },
  holder: 'H'.repeat(43),
  issuerKey: 'I'.repeat(43),
  delegations: [{ jti: 'hop', to: AGENT }],
};
/** All that its authority rests on. */
export const GROUNDS = groundsOf({
  agent: { keyid: AGENT as Operation['agent']['keyid'], via: 'sim' },
  mandate: facts,
});

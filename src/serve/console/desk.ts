import type { Refusal } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import type { Result } from '../../../protocol/base/result.ts';
import type { CaseOutcome } from '../../../protocol/operation.ts';
import type { AskedHealth } from '../../crm/health.ts';
import type { PersonPage } from '../../engine/case.ts';
import type { Claim } from '../../engine/claimed.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Words } from '../../engine/world.ts';
import type { Settling } from '../../handoff/settle.ts';
import type { PersonsWord } from '../../negotiation/person.ts';
import type { LineStatus } from '../../voice/line.ts';
import type { Known } from './figures.ts';
import type { Person } from './session.ts';

/** Rows of the inbox at a time. */
export const INBOX_PAGE = 50;

/** What the pages need of the gateway. */
export interface Desk {
  /** A page of whatever waits for a person, the nearest clock first. */
  inbox(after: PersonPage['after']): { readonly operations: readonly Operation[]; readonly total: number };
  /** Why nothing is carried out for anybody now; `undefined` in ordinary times. */
  closed(): string | undefined;
  /** How the CRM was when it was last asked. */
  crm(): AskedHealth | undefined;
  /** How the model was when it was last asked; undefined where there is none. */
  model(): LineStatus | undefined;
  operations(): readonly Operation[];
  /** What waits for its day, the nearest first. */
  scheduled(): readonly Operation[];
  /** What the pages tell of each beyond itself. */
  known(operations: readonly Operation[]): Promise<(operation: Operation) => Known>;
  now(): Date;
  outcomes(operation: Operation): readonly CaseOutcome[];
  settle(operation: string, settling: Omit<Settling, 'approver'>, person: Person): Promise<Result<Operation, Refusal>>;
  say(operation: string, word: PersonsWord, person: Person): Promise<Result<Operation, Refusal>>;
  cancel(operation: string, reason: string, person: Person): Promise<Result<Operation, Refusal>>;
  operation(id: string): Operation | undefined;
  bySignoff(id: string): Operation | undefined;
  /** What the action means, for people. */
  words(operation: Operation): Words | undefined;
  /** What it claims, and who claimed the same before. */
  claims(operation: Operation): readonly Claim[];
  /** What of the authority it rests on has ended since it was asked, in words. */
  ended(operation: Operation): Promise<readonly string[]>;
  decide(
    operation: string,
    decision: {
      readonly signoff: string;
      readonly planDigest: string;
      readonly kind: 'approved' | 'rejected' | 'countered';
      readonly reason?: string;
      readonly message?: string;
      readonly terms?: JsonObject;
    },
    person: Person,
  ): Promise<Result<Operation, Refusal>>;
}

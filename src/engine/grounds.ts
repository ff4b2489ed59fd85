/** What an operation's authority rests on, as data: every key and every permission whose revocation ends it. */
import { type ProblemCode, type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { MandateFacts } from '../../protocol/mandate/mandate.ts';
import type { RevocationKind, Store } from '../ports.ts';
import type { Operation } from './operation.ts';

/** Who asks, and with whose permission. What an earlier version did not keep is not there to be judged. */
export interface Basis {
  readonly agent?: Operation['agent'];
  readonly mandate: MandateFacts | null;
}

export interface Ground {
  readonly kind: RevocationKind;
  /** As a revocation names it. */
  readonly id: string;
  /** For people, as the beginning of a sentence. */
  readonly what: string;
}

/** Something of it that has ended. */
export interface Ended {
  /** In words for the company's people. */
  readonly words: string;
  readonly refusal: Refusal;
  /** `asking`: nothing new can be asked with it, but what was asked in time may be carried out. */
  readonly bounds: 'asking' | 'everything';
}

const CALLER_KEY = 'The agent’s key';

const ENDED: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['key-revoked', 'mandate-revoked', 'mandate-invalid']);

/** Whether it says that the authority has ended, and not that nobody can tell, or that something else is in the way. */
export const hasEnded = ({ code }: Refusal): boolean => ENDED.has(code);

/** All of it, each once: of the caller, of its access token, and of the mandate from its issuer to the last holder. */
export function groundsOf({ agent, mandate }: Basis): readonly Ground[] {
  const token = agent?.token;
  const issuers = new Set([token?.issuer, mandate?.issuer]);
  const subjects = new Set([token?.subject, mandate?.subject]);
  const grounds: readonly (Omit<Ground, 'id'> & { readonly id: string | undefined })[] = [
    { kind: 'key', id: agent?.keyid, what: CALLER_KEY },
    { kind: 'key', id: token?.boundTo, what: 'The key of the proof beside the access token' },
    { kind: 'key', id: token?.issuerKey, what: 'The key that signed the access token' },
    { kind: 'mandate', id: token?.jti, what: 'The access token' },
    { kind: 'client', id: token && clientId(token), what: 'The client of the access token' },
    { kind: 'key', id: mandate?.issuerKey, what: 'The key that signed the mandate' },
    { kind: 'mandate', id: mandate?.jti, what: 'The mandate' },
    { kind: 'key', id: mandate?.holder, what: 'The key of the mandate’s first holder' },
    ...(mandate?.delegations ?? []).flatMap(({ jti, to }) => [
      { kind: 'mandate', id: jti, what: 'A delegation of the mandate' } as const,
      { kind: 'key', id: to, what: 'The key of a holder the mandate was handed on to' } as const,
    ]),
    ...[...issuers].map((id) => ({ kind: 'issuer', id, what: 'The issuer of the permission' }) as const),
    ...[...subjects].map((id) => ({ kind: 'subject', id, what: 'The permission of this customer' }) as const),
  ];
  const seen = new Map<string, Ground>();
  for (const { kind, id, what } of grounds)
    if (id !== undefined && !seen.has(`${kind} ${id}`)) seen.set(`${kind} ${id}`, { kind, id, what });
  return [...seen.values()];
}

/** A client is one of its authorisation server's: another server may have one of the same name. */
export function clientId({ issuer, client }: { readonly issuer: string; readonly client: string }): string {
  return `${issuer} ${client}`;
}

/** Those of them that have been revoked. */
export function revokedOf(grounds: readonly Ground[], store: Pick<Store, 'isRevoked'>): readonly Ended[] {
  return grounds
    .filter(({ kind, id }) => store.isRevoked(kind, id))
    .map(({ what }) => {
      const words = `${what} has been revoked.`;
      const refused = what === CALLER_KEY ? refusal('key-revoked', words) : refusal('mandate-revoked', words);
      return { words, refusal: refused, bounds: 'everything' };
    });
}

/** The fields `Signature-Input` and `Signature` (RFC 9421 §4), read so that no two readers can disagree about them. */
import { type InnerList, type Item, parseDictionary } from 'structured-headers';
import { LIMITS } from '../base/limits.ts';
import { coveredText } from './base.ts';

/** One label of both fields. */
export interface LabelledSignature {
  readonly label: string;
  readonly covered: InnerList;
  /** `covered` as it stands in the field. */
  readonly text: string;
  /** Absent when `Signature` has no such label. */
  readonly signature: Uint8Array | undefined;
  /** False when a member is written otherwise than it serialises: a repeated parameter, a decimal for an integer, unused bits of
   * base64. Readers differ about those, so no such signature counts. */
  readonly exact: boolean;
}

/** Every label for which `wanted` holds; `undefined` when a field is not a dictionary of the right members, or repeats a label. */
export function labelledSignatures(
  input: string,
  signature: string,
  wanted: (covered: InnerList) => boolean,
): readonly LabelledSignature[] | undefined {
  const inputs = readDictionary(input);
  const signatures = readDictionary(signature);
  if (inputs === undefined || signatures === undefined) return undefined;
  const found: LabelledSignature[] = [];
  for (const [label, { member: covered, text: written }] of inputs) {
    if (!isInnerList(covered)) return undefined;
    if (!wanted(covered)) continue;
    const text = coveredText(covered);
    const signed = signatures.get(label);
    const [value] = signed?.member ?? [];
    if (signed !== undefined && !(value instanceof ArrayBuffer)) return undefined;
    const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
    const exact = written === `${label}=${text}` && SIGNATURE_TEXT.test(signed?.text.slice(label.length) ?? '');
    found.push({ label, covered, text, signature: bytes, exact });
  }
  return found;
}

/** 64 bytes, as every algorithm we accept makes them (RFC 9421 §3.3.4, §3.3.6), in the one base64 that has no unused bits set. */
const SIGNATURE_TEXT = /^=:[A-Za-z0-9+/]{85}[AQgw]==:$/;

interface Member {
  readonly member: Item | InnerList;
  /** As written, label included. */
  readonly text: string;
}

/** A dictionary keeps the last of two equal labels (RFC 9651 §3.2) where another reader may take the first: none may be repeated. */
function readDictionary(field: string): ReadonlyMap<string, Member> | undefined {
  try {
    const members = parseDictionary(field);
    const texts = membersWritten(field);
    if (members.size !== texts.length || members.size > LIMITS.signatureLabelsMax) return undefined;
    let index = 0;
    return new Map([...members].map(([label, member]) => [label, { member, text: texts[index++] ?? '' }]));
  } catch {
    return undefined;
  }
}

/** The text of each member, in order: commas separate members unless they are inside a string. */
function membersWritten(field: string): string[] {
  if (!field.includes(',')) return [field.trim()];
  const texts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < field.length; at += 1) {
    const code = field.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (code === BACKSLASH && quoted) at += 1;
    else if (code === COMMA && !quoted) {
      texts.push(field.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...texts, field.slice(start).trim()];
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

function isInnerList(member: Item | InnerList): member is InnerList {
  return Array.isArray(member[0]);
}

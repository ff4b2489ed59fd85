/** C2SP signed notes (https://c2sp.org/signed-note) with Ed25519 keys.
 *
 * ```
 * <text, ending in a newline>
 * <empty line>
 * — <key name> <base64(key id || signature)>        one line a signature: em dash, space, name, space
 *
 * key id        first 4 bytes of SHA-256(name || 0x0A || 0x01 || 32-byte public key)
 * verifier key  <name>+<key id in hex>+<base64(0x01 || public key)>
 * ```
 * A {@link Note} is unverified: its text means nothing until {@link openNote} has found a trusted key's signature on it. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeBase64, encodeBase64 } from '../base/base64.ts';
import { LIMITS } from '../base/limits.ts';
import { err, ok, type Result } from '../base/result.ts';
import { equalBytes } from './merkle.ts';

const ED25519 = 0x01;
const ED25519_KEY_BYTES = 32;
const KEY_ID_BYTES = 4;

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** Parsed, not verified. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteKey {
  readonly name: string;
  readonly keyId: Uint8Array;
  /** Ed25519, 32 bytes (RFC 8032 §5.1.5). */
  readonly publicKey: Uint8Array;
}

export interface NoteVerifier extends NoteKey {
  verify(message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

export interface NoteSigner extends NoteKey {
  sign(message: Uint8Array): Uint8Array;
}

/** Text of a note whose signature by `signer` was verified. */
export interface OpenedNote<V extends NoteVerifier> {
  readonly text: string;
  readonly signer: V;
}

export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\s\p{White_Space}+\p{Cc}]/u.test(name);
}

/** Throws `RangeError` for a name or key that notes cannot carry: both are configuration, never a stranger's. */
export function noteKey(name: string, publicKey: Uint8Array): NoteKey {
  if (!isKeyName(name)) throw new RangeError('a note key name must be non-empty, without spaces and plus signs');
  if (publicKey.length !== ED25519_KEY_BYTES) throw new RangeError('an Ed25519 public key has 32 bytes');
  const id = sha256(concatBytes(utf8ToBytes(`${name}\n`), Uint8Array.of(ED25519), publicKey)).slice(0, KEY_ID_BYTES);
  return { name, keyId: id, publicKey };
}

export function formatVerifierKey(key: NoteKey): string {
  return `${key.name}+${bytesToHex(key.keyId)}+${encodeBase64(concatBytes(Uint8Array.of(ED25519), key.publicKey))}`;
}

/** Parses a verifier key of an Ed25519 note key; `undefined` when it is anything else or its id is not its own. */
export function parseVerifierKey(text: string): NoteKey | undefined {
  // Standard Base64 has plus signs of its own: only the first two separate.
  const groups = /^(?<name>[^+]+)\+[0-9a-f]{8}\+(?<data>.+)$/u.exec(text)?.groups;
  const name = groups?.['name'];
  const bytes = decodeBase64(groups?.['data'] ?? '');
  if (name === undefined || !isKeyName(name) || bytes?.[0] !== ED25519 || bytes.length !== 1 + ED25519_KEY_BYTES)
    return undefined;
  const key = noteKey(name, bytes.slice(1));
  return formatVerifierKey(key) === text ? key : undefined;
}

export function signNote(text: string, signer: NoteSigner): string {
  if (!isNoteText(text)) throw new RangeError('a note text is non-empty lines of printable text, ending in a newline');
  const signature = signer.sign(utf8ToBytes(text));
  return formatNote({ text, signatures: [{ name: signer.name, keyId: signer.keyId, signature }] });
}

export function formatNote(note: Note): string {
  return `${note.text}\n${note.signatures.map(signatureLine).join('')}`;
}

/** Strict: what it accepts, {@link formatNote} writes back byte for byte. */
export function parseNote(source: string): Note | undefined {
  if (source.length > LIMITS.noteBytesMax) return undefined;
  const split = source.lastIndexOf('\n\n');
  if (split < 0 || !source.endsWith('\n')) return undefined;
  const text = source.slice(0, split + 1);
  const lines = source.slice(split + 2, -1).split('\n');
  if (!isNoteText(text) || lines.length > LIMITS.noteSignaturesMax) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === undefined) return undefined;
    signatures.push(signature);
  }
  return { text, signatures };
}

export type NoteFailure = 'unknown-signer' | 'bad-signature';

/** Signatures by unknown keys are passed over, as the specification asks (witnesses, rotation);
 * a wrong signature by a known key, or a doubled one, refuses the whole note. */
export async function openNote<V extends NoteVerifier>(
  note: Note,
  trusted: readonly V[],
): Promise<Result<OpenedNote<V>, NoteFailure>> {
  let signer: V | undefined;
  const seen = new Set<V>();
  for (const signature of note.signatures) {
    const key = trusted.find(({ name, keyId }) => name === signature.name && equalBytes(keyId, signature.keyId));
    if (key === undefined) continue;
    if (seen.has(key) || !(await key.verify(utf8ToBytes(note.text), signature.signature))) return err('bad-signature');
    seen.add(key);
    signer ??= key;
  }
  return signer === undefined ? err('unknown-signer') : ok({ text: note.text, signer });
}

function signatureLine({ name, keyId, signature }: NoteSignature): string {
  return `— ${name} ${encodeBase64(concatBytes(keyId, signature))}\n`;
}

function parseSignatureLine(line: string): NoteSignature | undefined {
  const match = /^— (?<name>[^ ]+) (?<data>[^ ]+)$/u.exec(line);
  const name = match?.groups?.['name'];
  const bytes = decodeBase64(match?.groups?.['data'] ?? '');
  if (name === undefined || !isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

function isNoteText(text: string): boolean {
  // Valid UTF-8, no control characters below U+0020 but newline (signed-note, "Format").
  return text.endsWith('\n') && text.isWellFormed() && !/[^\P{Cc}\n\u007f-\u009f]/u.test(text);
}

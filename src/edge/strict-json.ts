/** JSON as RFC 8259 and I-JSON (RFC 7493) mean it, read from exact bytes: what one parser would see differently from another is refused. */
import type { Json } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';

export interface JsonFault {
  readonly reason: string;
  /** Offset in UTF-16 code units of the decoded text; bytes for encoding faults. */
  readonly at: number;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Names that mean something to JavaScript objects: no schema of ours has them, every prototype pollution needs them. */
const RESERVED_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

class Fault extends Error {
  readonly at: number;
  constructor(reason: string, at: number) {
    super(reason);
    this.at = at;
  }
}

export function parseStrictJson(bytes: Uint8Array): Result<Json, JsonFault> {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return err({ reason: 'The body is not valid UTF-8', at: 0 });
  }
  if (text.charCodeAt(0) === 0xfeff) return err({ reason: 'The body starts with a byte order mark', at: 0 });
  try {
    const end = scanValue(text, skipSpace(text, 0), 0);
    const rest = skipSpace(text, end);
    if (rest !== text.length) throw new Fault('There is more after the JSON value', rest);
    // The scan has bounded depth and refused what JSON.parse would let pass; the engine's own parser builds the value.
    return ok(JSON.parse(text) as Json);
  } catch (error) {
    if (error instanceof Fault) return err({ reason: error.message, at: error.at });
    return err({ reason: 'The body is not JSON', at: 0 });
  }
}

/** Returns the offset after the value. */
function scanValue(text: string, at: number, depth: number): number {
  switch (text[at]) {
    case '{':
      return scanObject(text, at, depth + 1);
    case '[':
      return scanArray(text, at, depth + 1);
    case '"':
      return scanString(text, at).end;
    case 't':
      return scanWord(text, at, 'true');
    case 'f':
      return scanWord(text, at, 'false');
    case 'n':
      return scanWord(text, at, 'null');
    default:
      return scanNumber(text, at);
  }
}

function scanObject(text: string, start: number, depth: number): number {
  if (depth > LIMITS.jsonDepthMax) throw new Fault('The value is nested too deeply', start);
  const names = new Set<string>();
  let at = skipSpace(text, start + 1);
  if (text[at] === '}') return at + 1;
  for (;;) {
    if (text[at] !== '"') throw new Fault('A member name is expected', at);
    const name = scanString(text, at);
    if (names.has(name.value)) throw new Fault('A member name is repeated', at);
    if (RESERVED_NAMES.has(name.value)) throw new Fault('A member name is reserved', at);
    names.add(name.value);
    at = skipSpace(text, name.end);
    if (text[at] !== ':') throw new Fault('A colon is expected', at);
    at = skipSpace(text, scanValue(text, skipSpace(text, at + 1), depth));
    if (text[at] === '}') return at + 1;
    if (text[at] !== ',') throw new Fault('A comma or brace is expected', at);
    at = skipSpace(text, at + 1);
  }
}

function scanArray(text: string, start: number, depth: number): number {
  if (depth > LIMITS.jsonDepthMax) throw new Fault('The value is nested too deeply', start);
  let at = skipSpace(text, start + 1);
  if (text[at] === ']') return at + 1;
  for (;;) {
    at = skipSpace(text, scanValue(text, at, depth));
    if (text[at] === ']') return at + 1;
    if (text[at] !== ',') throw new Fault('A comma or bracket is expected', at);
    at = skipSpace(text, at + 1);
  }
}

/** Decodes a string by the engine's parser, so that `"\u0061"` and `"a"` are the same name. */
function scanString(text: string, start: number): { readonly value: string; readonly end: number } {
  let at = start + 1;
  let plain = true;
  for (; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) break;
    if (Number.isNaN(code)) throw new Fault('A string does not end', start);
    if (code < 0x20) throw new Fault('A control character is not escaped', at);
    if (code === 0x5c) {
      plain = false;
      at += 1;
    }
  }
  const value = plain ? text.slice(start + 1, at) : decode(text.slice(start, at + 1), start);
  if (!value.isWellFormed()) throw new Fault('A string has a lone surrogate', start);
  return { value, end: at + 1 };
}

function decode(literal: string, at: number): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    throw new Fault('A string has a bad escape', at);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Only numbers that every reader reads alike: no -0, integers in the safe range, nothing that overflows. */
function scanNumber(text: string, at: number): number {
  NUMBER.lastIndex = at;
  const literal = NUMBER.exec(text)?.[0];
  if (literal === undefined) throw new Fault('A value is expected', at);
  const value = Number(literal);
  if (!Number.isFinite(value)) throw new Fault('A number is too large', at);
  if (Object.is(value, -0)) throw new Fault('Negative zero is ambiguous', at);
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new Fault('An integer is outside the safe range', at);
  return at + literal.length;
}

function scanWord(text: string, at: number, word: string): number {
  if (!text.startsWith(word, at)) throw new Fault('A value is expected', at);
  return at + word.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

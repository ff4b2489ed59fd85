import { digest } from '../../../protocol/base/canonical.ts';
import { isObject, type Json, type JsonObject } from '../../../protocol/base/json.ts';
import { decode, encode, type MoneyForm } from '../codec.ts';
import { AdapterError } from '../index.ts';
import type { MappedType } from '../mapping.ts';
import type { ReadRecord } from '../payload.ts';
import { at, put } from '../pointer.ts';
import type { Resource } from './resource.ts';

/** A success. */
export interface Answer {
  readonly json: Json | undefined;
  readonly header: (name: string) => string | undefined;
  /** Whether it says that it is the first one again. */
  readonly isRepeat: boolean;
  readonly requestId?: string;
}

/** The record of an answer; undefined where the answer has none. */
export function recordOf<B>(resource: Resource<B>, answer: Answer, money: MoneyForm): ReadRecord | undefined {
  const { type } = resource;
  const record = at(answer.json, type.object);
  const id = isObject(record) ? textOf(at(record, resource.id)) : undefined;
  if (!isObject(record) || id === undefined) return undefined;
  const data = dataOf(resource, record, id, money);
  const version = versionOf(resource, record, answer, data);
  return version === undefined ? undefined : { ref: { type: type.type, by: 'id', value: id }, version, data };
}

function dataOf<B>({ type }: Resource<B>, record: JsonObject, id: string, money: MoneyForm): JsonObject {
  const held = (pointer: string): Json => at(record, pointer) ?? null;
  const read = [...type.fields.values()].map((field) => {
    const currency = field.currency === undefined ? null : held(field.currency);
    return [field.name, decode(field, held(field.field), currency, money)] as const;
  });
  // Only an account is its own: ids of one type may be those of another.
  const itself = type.type === 'account' ? id : null;
  const account = type.account === undefined ? itself : (textOf(held(type.account)) ?? null);
  return { ...Object.fromEntries(read), id, account };
}

function versionOf<B>(
  { version }: Resource<B>,
  record: JsonObject,
  { header }: Answer,
  data: JsonObject,
): string | undefined {
  if (version === undefined) return digest(data);
  return textOf(version.in === 'record' ? at(record, version.name) : header(version.name));
}

/** An id or a version: text, or a number as text. */
export function textOf(value: Json | undefined): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined;
}

/** Fields of ours at their places in a request. */
export function bodyOf(
  place: string,
  type: MappedType,
  values: JsonObject,
  account: string | null,
  money: MoneyForm,
): JsonObject {
  let body: JsonObject = {};
  for (const [name, value] of Object.entries(values)) {
    const field = type.fields.get(name);
    if (field === undefined) throw new AdapterError('bug', 'A step is not one that this adapter planned.');
    const encoded = encode(field, value, money);
    body = put(body, `${place}${field.field}`, encoded.value);
    if (field.currency !== undefined) body = put(body, `${place}${field.currency}`, encoded.currency ?? null);
  }
  return account === null || type.account === undefined ? body : put(body, `${place}${type.account}`, account);
}

/** More than any id, key or version has: in a request it would look like a broken connection. */
const TEXT_CHARS_MAX = 256;

export function usable(value: string): string {
  if (value.length > TEXT_CHARS_MAX || !/^[^\p{Cc}\p{Cs}]+$/u.test(value))
    throw new AdapterError('invalid', 'An identifier is not usable.');
  return value;
}

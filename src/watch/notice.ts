import type { Ref } from '../../adapters/sdk/index.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { isObject, type Json } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';

/** A CRM's flow sends what it collected since the last: more in one notice is split. */
const RECORDS_MAX = 500;
const TYPE = /^[a-z][a-z_]{0,63}$/;
const ID_CHARS_MAX = 255;

/** The body of our own notice, in the form of Standard Webhooks: `{type, timestamp, data: {records: [{type, id}]}}`. */
export function parseNotice(body: Json): Result<readonly Ref[], Refusal> {
  const data = isObject(body) ? body['data'] : undefined;
  const records = isObject(data) ? data['records'] : undefined;
  if (!Array.isArray(records)) return invalid('/data/records', 'is required: a list of {type, id}');
  if (records.length > RECORDS_MAX) return invalid('/data/records', `has at most ${RECORDS_MAX} members`);
  const refs: Ref[] = [];
  for (const [index, each] of records.entries()) {
    const { type, id } = isObject(each) ? each : {};
    if (typeof type !== 'string' || !TYPE.test(type)) return invalid(`/data/records/${index}/type`, 'is not a type');
    if (typeof id !== 'string' || id === '' || id.length > ID_CHARS_MAX || !id.isWellFormed())
      return invalid(`/data/records/${index}/id`, 'is not an id');
    refs.push({ type, by: 'id', value: id });
  }
  return ok(refs);
}

function invalid(pointer: string, message: string): Result<never, Refusal> {
  return err(refusal('schema-violation', undefined, { errors: [{ pointer, message }] }));
}

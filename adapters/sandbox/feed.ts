import { isObject, type Json } from '../../protocol/base/json.ts';
import { path, type ReadHttp } from '../sdk/http.ts';
import { AdapterError, type Changed, type Ctx } from '../sdk/index.ts';
import type { Mapping } from '../sdk/mapping.ts';
import { accepted } from './answers.ts';
import { typeOf } from './records.ts';

/** Follows the CRM's list of changes, a page at a time. The cursor is the last change's number. */
export async function* changesSince(
  http: ReadHttp,
  mapping: Mapping,
  ctx: Ctx,
  type: string,
  cursor = '0',
): AsyncIterable<Changed> {
  let after = cursor;
  for (let more = true; more; ) {
    const { body } = accepted(
      await http.get(ctx, path`/v1/events?type=${typeOf(mapping, type).object}&after=${after}`),
      'read',
    );
    const events = Array.isArray(body['events']) ? body['events'].map((each: Json) => changedOf(type, each)) : [];
    yield* events;
    more = body['more'] === true && events.length > 0;
    after = events.at(-1)?.cursor ?? after;
  }
}

function changedOf(type: string, event: Json): Changed {
  const { seq, id, revision, at } = isObject(event) ? event : {};
  if (typeof seq !== 'number' || typeof id !== 'string' || typeof revision !== 'number' || typeof at !== 'string')
    throw new AdapterError('bug', 'The CRM’s answer has not the promised shape.');
  return { ref: { type, by: 'id', value: id }, version: String(revision), at, cursor: String(seq) };
}

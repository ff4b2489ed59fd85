/** The parts of a write, sent as one request that is carried out whole or not at all. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { type CrmResponse, type Path, path, type WriteHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx } from '../sdk/index.ts';
import type { Payload } from '../sdk/payload.ts';
import { isRefusal, messagesOf, misshapen, type Refusal, refusalOf } from './answers.ts';
import { isRecordId, toOrg } from './codec.ts';
import { noteOf, type Org, typeNamed } from './org.ts';
import { type CrmRecord, recordPath } from './records.ts';

export interface Node {
  readonly method: 'POST' | 'PATCH';
  readonly target: Path;
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

/** The record a step makes, under a key that the org keeps unique, and the note beside it. */
export function createNodes(org: Org, { create, note }: Payload, key: string): Node[] {
  if (create === null) return [];
  const type = typeNamed(org, create.type);
  const owner = type.account === undefined || create.account === null ? {} : { [type.account]: create.account };
  const body = { ...owner, ...toOrg(org, type, create.values), [org.marker]: key };
  const sobjects = (object: string) => path`/services/data/${org.version}/sobjects/${object}`;
  const record: Node = { method: 'POST', target: sobjects(type.object), body, headers: {} };
  const beside = noteOf(type);
  if (note === null || beside === undefined) return [record];
  const comment = { [beside.parent]: `@{${nameOf(0)}.id}`, [beside.body]: note };
  return [record, { method: 'POST', target: sobjects(beside.object), body: comment, headers: {} }];
}

/** A change of a record, refused when somebody has written since it was read. */
export function updateNode(org: Org, { ref, modifiedAt }: CrmRecord, values: JsonObject, mark: JsonObject): Node {
  const type = typeNamed(org, ref.type);
  return {
    method: 'PATCH',
    target: recordPath(org, type.object, ref.value),
    body: { ...toOrg(org, type, values), ...mark },
    headers: { 'If-Unmodified-Since': new Date(modifiedAt).toUTCString() },
  };
}

/** A change of the record that a step had made. */
export function madeNode(org: Org, name: string, key: string, values: JsonObject): Node {
  const type = typeNamed(org, name);
  const target = path`/services/data/${org.version}/sobjects/${type.object}/${org.marker}/${key}?updateOnly=true`;
  return { method: 'PATCH', target, body: toOrg(org, type, values), headers: {} };
}

const nameOf = (at: number): string => `n${at}`;

/** Carried out twice it does no more than once: creations are refused by their key, changes by their condition. */
const AGAIN = { idempotent: true };

/** One request whatever the number of parts; undefined when all of it was done. It is a composite and not a graph, for the parts of a graph
 * take no headers, and the condition is one. */
export async function send(
  http: WriteHttp,
  { version }: Org,
  ctx: Ctx,
  nodes: readonly Node[],
): Promise<Refusal | undefined> {
  const [only, ...others] = nodes;
  if (only !== undefined && others.length === 0) {
    const answer = await http.send(ctx, only.method, only.target, only.body, only.headers, AGAIN);
    return isRefusal(answer) ? refusalOf(answer) : done(answer);
  }
  const compositeRequest = nodes.map(({ method, target, body, headers }, at) => ({
    method,
    url: target,
    referenceId: nameOf(at),
    body,
    ...(Object.keys(headers).length === 0 ? {} : { httpHeaders: headers }),
  }));
  const target = path`/services/data/${version}/composite`;
  const answer = await http.send(ctx, 'POST', target, { allOrNone: true, compositeRequest }, {}, AGAIN);
  return isRefusal(answer) ? refusalOf(answer) : ofComposite(answer, nodes.length);
}

/** A success that is not Salesforce's own kind of success is looked up, not believed. */
function done({ status, body }: CrmResponse): undefined {
  if (!isDone(status, body)) throw unbelievable();
  return undefined;
}

function isDone(status: Json | undefined, body: Json | undefined): boolean {
  if (status === 204) return true;
  return (status === 201 || status === 200) && isObject(body) && body['success'] === true && isRecordId(body['id']);
}

/** All or nothing inside a 200: the first part that says why is the reason for all. */
function ofComposite({ status, body }: CrmResponse, nodes: number): Refusal | undefined {
  const { compositeResponse: list } = body;
  const parts = Array.isArray(list) ? list.filter(isObject) : [];
  if (status !== 200 || parts.length !== nodes) throw unbelievable();
  if (parts.every((part) => isDone(part['httpStatusCode'], part['body']))) return undefined;
  const refusals = parts.flatMap(({ httpStatusCode: of, body: told }): Refusal[] =>
    typeof of === 'number' && of >= 300 ? [{ status: of, errors: messagesOf(told) }] : [],
  );
  const reason = refusals.find(({ errors }) => errors.some(({ code }) => code !== 'PROCESSING_HALTED'));
  // Some parts done and others not cannot be: whatever it was, it is not for us to believe.
  if (reason === undefined || refusals.length !== nodes) throw unbelievable();
  return reason;
}

const unbelievable = () =>
  new AdapterError('unknown_outcome', 'Salesforce’s answer to a write has not the promised shape.', {
    cause: misshapen(),
  });

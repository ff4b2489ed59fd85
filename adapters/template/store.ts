/** How your CRM reads records, writes them once, and finds a write again. The rest of the adapter is data. */
import {
  AdapterError,
  type AdapterErrorCode,
  type CrmResponse,
  type Ctx,
  decode,
  encode,
  type Json,
  type JsonObject,
  type MappedType,
  type Mapping,
  path,
  type ReadHttp,
  type ReadRecord,
  type RecordStore,
  type Ref,
  readOnly,
  retryAfterMs,
  type StepResult,
  type Trace,
  type WriteHttp,
} from '../sdk/public.ts';

/** How your CRM keeps money: `decimal` is "19.99", `minor` is 1999. */
const MONEY = 'decimal';
/** Longer than any id of your CRM, and far below what a request line holds. */
const ID_CHARS_MAX = 256;

export function makeStore(http: WriteHttp, mapping: Mapping): RecordStore {
  // All that planning and verifying get: it cannot write.
  const reader = readOnly(http);
  return {
    versionKind: () => 'counter',
    view: (ctx, work) =>
      work({ read: (ref) => read(reader, mapping, ctx, ref), find: ({ key }) => find(reader, mapping, ctx, key) }),
    async write(ctx, { key, payload: { update, create, note }, version }) {
      if (note !== null || (update !== null && create !== null))
        throw new AdapterError('unsupported', 'This CRM writes one record at a time, without a note.');
      // Kept unique by the CRM: a repeat gives the first one’s result and writes nothing.
      const headers = { 'external-id': key };
      if (update !== null) {
        const type = typeOf(mapping, update.type);
        const conditional = { ...headers, 'if-match': `"${version}"` };
        const body = fieldsOf(type, update.values);
        return written(type, ctx, await http.send(ctx, 'PATCH', target(type, update.id), body, conditional));
      }
      if (create === null) throw new AdapterError('bug', 'A step writes nothing.');
      const type = typeOf(mapping, create.type);
      const owner: JsonObject =
        type.account === undefined || create.account === null ? {} : { [type.account]: create.account };
      const body = { ...fieldsOf(type, create.values), ...owner };
      return written(type, ctx, await http.send(ctx, 'POST', path`/${type.object}`, body, headers));
    },
    isOlder: ({ read, left }) => Number(read) < Number(left),
    // A good place to compare the mapping with your CRM’s own description of its fields.
    check: async (ctx) => void accepted(ctx, 'read', await reader.get(ctx, path`/health`)),
  };
}

async function read(http: ReadHttp, mapping: Mapping, ctx: Ctx, { type: name, value }: Ref): Promise<ReadRecord> {
  const type = typeOf(mapping, name);
  const { body } = accepted(ctx, 'read', await http.get(ctx, target(type, value)));
  const { id, revision } = body;
  // What is not the record asked for is nobody’s record.
  if (id !== value || typeof revision !== 'number') throw misshapen();
  const fields = [...type.fields.values()].map((field) => {
    const currency = field.currency === undefined ? null : (body[field.currency] ?? null);
    return [field.name, decode(field, body[field.field] ?? null, currency, MONEY)] as const;
  });
  // Only an account is its own: ids of one type may be those of another.
  const itself = name === 'account' ? id : null;
  const account = type.account === undefined ? itself : (body[type.account] ?? null);
  const data = { ...Object.fromEntries(fields), id, account };
  return { ref: { type: name, by: 'id', value: id }, version: String(revision), data };
}

/** Whether the CRM has a write, and which record it left. Undefined only when the CRM itself says that it never came. */
async function find(http: ReadHttp, mapping: Mapping, ctx: Ctx, key: string): Promise<readonly Trace[] | undefined> {
  const response = await http.get(ctx, path`/changes/${key}`);
  if (saysAbsent(response)) return undefined;
  const { collection, id, revision } = accepted(ctx, 'read', response).body;
  const type = [...mapping.types.values()].find(({ object }) => object === collection)?.type;
  if (type === undefined || typeof id !== 'string' || typeof revision !== 'number') throw misshapen();
  return [{ ref: { type, by: 'id', value: id }, version: String(revision) }];
}

/** A write’s answer. A success that does not say what it wrote is looked up later, not believed. */
function written({ type }: MappedType, ctx: Ctx, response: CrmResponse): StepResult {
  const { id, revision, replayed } = accepted(ctx, 'write', response).body;
  if (typeof id !== 'string' || typeof revision !== 'number')
    throw new AdapterError('unknown_outcome', 'The CRM’s answer to a write has not the promised shape.');
  const state = replayed === true ? 'already_applied' : 'applied';
  return { state, ref: { type, by: 'id', value: id }, version: String(revision) };
}

function fieldsOf(type: MappedType, values: JsonObject): JsonObject {
  const fields: Record<string, Json> = {};
  for (const [name, value] of Object.entries(values)) {
    const field = type.fields.get(name);
    if (field === undefined) throw new AdapterError('bug', 'A step is not one that this adapter planned.');
    const encoded = encode(field, value, MONEY);
    fields[field.field] = encoded.value;
    if (field.currency !== undefined) fields[field.currency] = encoded.currency ?? null;
  }
  return fields;
}

function typeOf(mapping: Mapping, name: string): MappedType {
  const type = mapping.types.get(name);
  if (type === undefined) throw new AdapterError('unsupported', 'The CRM has no such type here.');
  return type;
}

function target({ object }: MappedType, id: string) {
  if (id.length > ID_CHARS_MAX) throw new AdapterError('invalid', 'An identifier is not usable.');
  return path`/${object}/${id}`;
}

function misshapen(): AdapterError {
  return new AdapterError('bug', 'The CRM’s answer has not the promised shape.');
}

/** Your CRM’s statuses in Parley’s words. Any other leaves the outcome of a write open. */
const CODES: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [400, 'invalid'],
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [409, 'conflict'],
  [412, 'conflict'],
  [413, 'invalid'],
  [429, 'rate_limited'],
]);

/** Whether the CRM itself says that the thing is not there. */
function saysAbsent({ status, body }: CrmResponse): boolean {
  return status === 404 && body['error'] === 'not_found';
}

/** Passes a success on and throws every refusal. */
function accepted(ctx: Ctx, kind: 'read' | 'write', response: CrmResponse): CrmResponse {
  const { status, headers } = response;
  if (status >= 200 && status < 300) return response;
  const wait = retryAfterMs(headers, ctx.clock().getTime());
  // A 404 that is not the CRM's own is a page of something in between, which knows nothing of records.
  const known = status === 404 && !saysAbsent(response) ? undefined : CODES.get(status);
  const code = known ?? (kind === 'write' ? 'unknown_outcome' : 'retryable');
  throw new AdapterError(code, `The CRM refused: ${status}.`, wait === undefined ? {} : { retryAfterMs: wait });
}

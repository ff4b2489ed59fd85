import type { RecordStore, Trace, Write } from '../sdk/by-recipe.ts';
import { path, type ReadHttp, readOnly, type WriteHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx, type StepResult } from '../sdk/index.ts';
import type { Mapping } from '../sdk/mapping.ts';
import type { Payload } from '../sdk/payload.ts';
import { accepted, changeOf, saysAbsent, writtenOf } from './answers.ts';
import { fieldsOf, readRecord, target, typeOf } from './records.ts';

/** The sandbox CRM as a store of records: conditional writes, each carrying an external id the CRM keeps unique. */
export function makeStore(http: WriteHttp, mapping: Mapping): RecordStore {
  const reader = readOnly(http);
  return {
    versionKind: () => 'counter',
    view: (ctx, work) =>
      work({
        read: (ref) => readRecord(reader, mapping, ctx, ref),
        find: (write) => find(reader, mapping, ctx, write),
      }),
    write: (ctx, write) => send(http, mapping, ctx, write),
    isOlder: ({ read, left }) => Number(read) < Number(left),
    async check(ctx) {
      accepted(await reader.get(ctx, path`/v1/accounts?limit=1`), 'read');
    },
  };
}

async function send(
  http: WriteHttp,
  mapping: Mapping,
  ctx: Ctx,
  { key, payload, version }: Write,
): Promise<StepResult> {
  const { update, create, note } = payload;
  const about = only(payload);
  const type = typeOf(mapping, about.type);
  const beside = note === null ? {} : { note };
  const headers = { 'external-id': key };
  if (update !== null) {
    const body = { ...fieldsOf(type, update.values), ...beside };
    const guarded = { ...headers, 'if-match': `"${version}"` };
    const answer = await http.send(
      ctx,
      'PATCH',
      target(mapping, { type: update.type, value: update.id }),
      body,
      guarded,
    );
    return writtenOf(answer, update.type);
  }
  const owner = create?.account ?? null;
  const account = type.account === undefined || owner === null ? {} : { [type.account]: owner };
  const body = { ...account, ...fieldsOf(type, create?.values ?? {}), ...beside };
  return writtenOf(await http.send(ctx, 'POST', path`/v1/${type.object}`, body, headers), about.type);
}

/** This CRM takes one record a write. A recipe with both has two steps. */
function only({ update, create }: Payload): { readonly type: string } {
  const about = update ?? create;
  if (about === null || (update !== null && create !== null))
    throw new AdapterError('bug', 'A step of the sandbox CRM changes one record or makes one.');
  return about;
}

async function find(
  http: ReadHttp,
  mapping: Mapping,
  ctx: Ctx,
  { key, payload }: Write,
): Promise<readonly Trace[] | undefined> {
  const found = await http.get(ctx, path`/v1/changes/${key}`);
  if (saysAbsent(found)) return undefined;
  const change = changeOf(accepted(found, 'read'));
  const { type } = only(payload);
  if (change.type !== typeOf(mapping, type).object || (payload.update?.id ?? change.id) !== change.id)
    throw new AdapterError('bug', 'The CRM applied this step to another record.');
  return [{ ref: { type, by: 'id', value: change.id }, version: String(change.revision) }];
}

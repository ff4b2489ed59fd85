import { isObject } from '../../protocol/base/json.ts';
import { path, type ReadHttp } from '../sdk/http.ts';
import { AdapterError, type Changed, type Ctx } from '../sdk/index.ts';
import { accepted, misshapen } from './answers.ts';
import { isRecordId } from './codec.ts';
import { type Org, typeNamed } from './org.ts';
import { timeOf } from './records.ts';
import { bound, instant } from './soql.ts';

const PAGE = 200;
const SECOND_MS = 1_000;

/** What was changed since the cursor, oldest first, each record once a page. It reads up to the last second that is over: within a
 * running one a record could still come before those already told. */
export async function* changes(
  http: ReadHttp,
  org: Org,
  ctx: Ctx,
  type: string,
  cursor: string | undefined,
): AsyncGenerator<Changed, void, undefined> {
  const { object } = typeNamed(org, type);
  let from = cursorOf(cursor);
  while (true) {
    const since = from.id === '' ? `SystemModstamp >= ${instant(from.at)}` : after(from);
    const soql = `SELECT Id, SystemModstamp FROM ${object} WHERE ${since} ORDER BY SystemModstamp, Id LIMIT ${PAGE}`;
    const answer = await http.get(ctx, path`/services/data/${org.version}/query?q=${soql}`);
    const { records, done } = accepted(answer);
    if (!Array.isArray(records)) throw misshapen();
    const served = Date.parse(String(answer.headers['date'] ?? ''));
    const over = Number.isNaN(served) ? ctx.clock().getTime() - SECOND_MS : served;
    for (const record of records) {
      const { Id: id, SystemModstamp: stamp } = isObject(record) ? record : {};
      if (!isRecordId(id)) throw misshapen();
      const at = timeOf(String(stamp));
      if (at >= over) return;
      from = { at, id };
      yield { ref: { type, by: 'id', value: id }, at: instant(at), cursor: `${instant(at)} ${id}` };
    }
    // A page may be shorter than asked for; only the answer knows whether it was the last.
    if (records.length === 0 || (done === true && records.length < PAGE)) return;
  }
}

const after = ({ at, id }: { readonly at: number; readonly id: string }) =>
  `(SystemModstamp > ${instant(at)} OR (SystemModstamp = ${instant(at)} AND Id > ${bound(id)}))`;

function cursorOf(cursor: string | undefined): { readonly at: number; readonly id: string } {
  if (cursor === undefined) return { at: 0, id: '' };
  const [time = '', id = ''] = cursor.split(' ');
  const at = Date.parse(time);
  if (Number.isNaN(at) || !isRecordId(id)) throw new AdapterError('invalid', 'The cursor is not usable.');
  return { at, id };
}

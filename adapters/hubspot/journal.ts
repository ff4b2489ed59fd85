import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { type CrmResponse, linked, makeHttp, path, type ReadHttp, readOnly } from '../sdk/http.ts';
import { AdapterError, type Changed, type Ctx } from '../sdk/index.ts';
import { isWhole } from '../sdk/values.ts';
import { accepted, misshapen } from './answers.ts';
import { type CallOptions, journalAuth } from './auth.ts';
import { type Portal, typeNamed } from './mapping.ts';

export interface JournalOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The account's id (Hub ID): an app may be installed in others too. */
  readonly portalId: number;
}

/** A file of the journal; what HubSpot collects between two of them is small. */
const FILE_BYTES_MAX = 16_777_216;
const ANSWER_BYTES_MAX = 65_536;
/** Files in one call; HubSpot keeps three days. */
const FILES_MAX = 10_000;
const OFFSET = /^[A-Za-z0-9-]{1,64}$/;
const EARLIEST = 'earliest';

/** The webhooks journal: what changed, in HubSpot's order, pulled from an offset. Each entry names a file, kept elsewhere. */
export function makeJournal(portal: Portal, options: JournalOptions, how: CallOptions) {
  const { clientId, clientSecret, portalId } = options;
  const http = readOnly(
    makeHttp({ ...how, auth: journalAuth(clientId, clientSecret, how), bodyBytesMax: ANSWER_BYTES_MAX }),
  );

  /** The next entry; undefined when there is no more now. */
  async function next(ctx: Ctx, offset: string): Promise<CrmResponse | undefined> {
    const portalIs = String(portalId);
    const answer = await http.get(
      ctx,
      offset === EARLIEST
        ? path`/webhooks-journal/journal-local/2026-09/earliest?installPortalId=${portalIs}`
        : path`/webhooks-journal/journal-local/2026-09/offset/${offset}/next?installPortalId=${portalIs}`,
    );
    if (answer.status === 204 || (answer.status === 404 && offset === EARLIEST)) return undefined;
    if (answer.status === 404) throw new AdapterError('invalid', 'HubSpot no longer knows this place in its journal.');
    return accepted(answer, 'read');
  }

  return async function* changes(ctx: Ctx, type: string, cursor?: string): AsyncGenerator<Changed> {
    const objectTypeId = String(typeNamed(portal, type).more['type_id']);
    let offset = cursor ?? EARLIEST;
    if (!OFFSET.test(offset)) throw new AdapterError('invalid', 'The cursor is not usable.');
    for (let files = 0; files < FILES_MAX; files += 1) {
      const entry = await next(ctx, offset);
      if (entry === undefined) return;
      const { url, currentOffset } = entry.body;
      if (typeof url !== 'string' || typeof currentOffset !== 'string' || !OFFSET.test(currentOffset))
        throw misshapen();
      if (currentOffset === offset) throw new AdapterError('bug', 'HubSpot’s journal goes round in a circle.');
      const mine = (await fileAt(how, ctx, url)).filter(
        (each) => each['objectTypeId'] === objectTypeId && each['portalId'] === portalId,
      );
      // Within a file there is no place to go on from: it is read again.
      for (const [index, each] of mine.entries())
        yield changedIn(each, type, index === mine.length - 1 ? currentOffset : offset);
      offset = currentOffset;
    }
  };
}

function changedIn({ objectId, occurredAt }: JsonObject, type: string, cursor: string): Changed {
  const at = typeof occurredAt === 'number' ? occurredAt : Date.parse(String(occurredAt));
  const isId = isWhole(objectId, 1) || (typeof objectId === 'string' && /^\d{1,19}$/.test(objectId));
  if (!isId || Number.isNaN(at)) throw misshapen();
  return { ref: { type, by: 'id', value: String(objectId) }, at: new Date(at).toISOString(), cursor };
}

/** Behind a signed address at whatever host: without our credentials, and through the same guard against private addresses. */
async function fileAt(
  { dispatcher, allowPrivate, timeoutMs }: CallOptions,
  ctx: Ctx,
  url: string,
): Promise<JsonObject[]> {
  const { origin } = URL.parse(url) ?? { origin: 'null' };
  if (origin === 'null' || !(allowPrivate || origin.startsWith('https:'))) throw misshapen();
  const http: ReadHttp = makeHttp({
    origin,
    allowPrivate,
    timeoutMs,
    bodyBytesMax: FILE_BYTES_MAX,
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  const events: Json | undefined = accepted(await http.get(ctx, linked(origin, '/', url)), 'read').body[
    'journalEvents'
  ];
  if (!Array.isArray(events)) throw misshapen();
  return events.filter(isObject);
}

/** A CRM small enough to read, with everything the kit needs: revisions, conditional writes, unique external ids, and faults on order.
 * Make it answer as your CRM does. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../conformance/public.ts';
import type { JsonObject } from '../../sdk/public.ts';

interface Stored {
  readonly collection: string;
  readonly id: string;
  readonly revision: number;
  readonly fields: JsonObject;
}

/** One applied change: the truth the kit compares the adapter with. */
interface Applied {
  readonly key: string;
  readonly body: string;
  readonly after: Stored;
}

interface Reply {
  readonly status: number;
  readonly body: JsonObject;
}

export interface Crm {
  readonly origin: string;
  effects(): readonly { readonly key: string; readonly collection: string; readonly id: string }[];
  record(collection: string, id: string): JsonObject;
  /** As a person at the CRM would. */
  edit(collection: string, id: string, fields: JsonObject): void;
  fault(fault: Fault): void;
  clearFaults(): void;
  stop(): Promise<void>;
}

const SEEDED = 200;
const COLLECTIONS = ['accounts', 'contacts', 'contracts', 'tickets'];
const BODY_BYTES_MAX = 65_536;
const refusal = (status: number, error: string): Reply => ({ status, body: { error } });

export async function startCrm(token: string): Promise<Crm> {
  const records = new Map<string, Stored>();
  const before = new Map<string, Stored>();
  const applied = new Map<string, Applied>();
  let faults: Fault[] = [];
  const keyOf = (collection: string, id: string) => `${collection}/${id}`;
  for (let n = 1; n <= SEEDED; n += 1)
    for (const stored of seeds(n)) records.set(keyOf(stored.collection, stored.id), stored);

  function put(stored: Stored): void {
    const key = keyOf(stored.collection, stored.id);
    const current = records.get(key);
    if (current !== undefined) before.set(key, current);
    records.set(key, stored);
  }

  function get(segments: readonly string[], isStale: boolean): Reply {
    const [collection = '', id = ''] = segments;
    if (collection === 'health') return { status: 200, body: { ok: true } };
    if (collection === 'changes') {
      const after = applied.get(id)?.after;
      if (after === undefined) return refusal(404, 'not_found');
      return { status: 200, body: { collection: after.collection, id: after.id, revision: after.revision } };
    }
    const key = keyOf(collection, id);
    const stored = (isStale ? before.get(key) : undefined) ?? records.get(key);
    return stored === undefined ? refusal(404, 'not_found') : { status: 200, body: shown(stored) };
  }

  function write(request: IncomingMessage, segments: readonly string[], text: string, isPartial: boolean): Reply {
    const key = String(request.headers['external-id'] ?? '');
    if (!/^[\w:-]{8,128}$/.test(key)) return refusal(400, 'external_id_required');
    const earlier = applied.get(key);
    if (earlier !== undefined)
      return earlier.body === text
        ? { status: 200, body: { ...shown(earlier.after), replayed: true } }
        : refusal(409, 'external_id_reused');
    const body = objectOf(text);
    if (body === undefined) return refusal(400, 'not_json');
    const fields = isPartial ? Object.fromEntries(Object.entries(body).slice(0, 1)) : body;
    const [collection = '', id = ''] = segments;
    if (request.method === 'POST' && COLLECTIONS.includes(collection) && segments.length === 1) {
      const made = { collection, id: `N${applied.size + 1}`, revision: 1, fields };
      return carriedOut(key, text, made);
    }
    const current = records.get(keyOf(collection, id));
    if (request.method !== 'PATCH' || current === undefined) return refusal(404, 'not_found');
    if (request.headers['if-match'] !== `"${current.revision}"`) return refusal(412, 'stale');
    const next = { ...current, revision: current.revision + 1, fields: { ...current.fields, ...fields } };
    return carriedOut(key, text, next);
  }

  function carriedOut(key: string, body: string, after: Stored): Reply {
    put(after);
    applied.set(key, { key, body, after });
    return { status: 200, body: shown(after) };
  }

  function take(op: 'read' | 'write'): Fault | undefined {
    const found = faults.find((each) => each.op === op || each.op === 'any');
    faults = faults.flatMap((each) => {
      if (each !== found) return [each];
      const left = (each.count ?? 1) - 1;
      return left > 0 ? [{ ...each, count: left }] : [];
    });
    return found;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(request);
    const isRead = request.method === 'GET';
    const fault = take(isRead ? 'read' : 'write');
    if (fault?.kind === 'refuse') return void response.destroy();
    if (fault?.kind === 'hang') return;
    const refused = fault === undefined ? undefined : REFUSALS.get(fault.kind);
    if (fault?.kind === '429') response.setHeader('retry-after', '1');
    if (refused !== undefined) return send(response, refusal(refused, 'ordered'));
    if (request.headers.authorization !== `Bearer ${token}`) return send(response, refusal(401, 'unauthorised'));
    const segments = (request.url ?? '').split('?')[0]?.split('/').slice(1).map(decoded) ?? [];
    const reply =
      text === undefined
        ? refusal(413, 'too_large')
        : isRead
          ? get(segments, fault?.kind === 'stale-read')
          : write(request, segments, text, fault?.kind === 'partial');
    if (fault?.kind === 'hang-after') return;
    if (fault?.kind === 'reset-after') return void response.destroy();
    if (fault?.kind === '500-after') return send(response, refusal(500, 'ordered'));
    if (fault?.kind === 'bad-schema') return void response.writeHead(200).end('<h1>Down for maintenance</h1>');
    if (fault?.kind === 'slow') return drip(response, reply, fault.ms ?? 100);
    return send(response, reply);
  }

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  const origin = await listening(server);
  return {
    origin,
    effects: () => [...applied.values()].map(({ key, after: { collection, id } }) => ({ key, collection, id })),
    record: (collection, id) => records.get(keyOf(collection, id))?.fields ?? {},
    edit(collection, id, fields) {
      const current = records.get(keyOf(collection, id));
      if (current === undefined) throw new Error(`there is no ${collection}/${id}`);
      put({ ...current, revision: current.revision + 1, fields: { ...current.fields, ...fields } });
    },
    fault: (fault) => void faults.push(fault),
    clearFaults() {
      faults = [];
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const REFUSALS: ReadonlyMap<string, number> = new Map([
  ['429', 429],
  ['429-bare', 429],
  ['401', 401],
  ['500-before', 500],
]);

function seeds(n: number): readonly Stored[] {
  const account_id = `A${n}`;
  const account = { name: `Company ${n}`, street: `Road ${n}`, city: 'Berlin', vat_id: `DE${100_000_000 + n}` };
  const contact = { email: `c${n}@example.com`, phone: '+49 30 1', first: 'Kim', last: `No. ${n}`, title: 'Buyer' };
  const contract = {
    ...{ price: '99.90', currency: 'EUR', months: 12, seats: 10, starts_on: '2026-01-01', ends_on: '2026-12-31' },
    ...{ notice_days: 30, payment_days: 14, auto_renew: false, state: 'A' },
  };
  const first = (collection: string, id: string, fields: JsonObject) => ({ collection, id, revision: 1, fields });
  return [
    first('accounts', account_id, account),
    first('contacts', `C${n}`, { ...contact, account_id }),
    first('contracts', `K${n}`, { ...contract, account_id }),
  ];
}

const shown = ({ id, revision, fields }: Stored): JsonObject => ({ ...fields, id, revision });

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function drip(response: ServerResponse, { status, body }: Reply, ms: number): Promise<void> {
  response.writeHead(status, { 'content-type': 'application/json' });
  for (const char of JSON.stringify(body)) {
    if (response.closed) return;
    await sleep(ms);
    response.write(char);
  }
  response.end();
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return size > BODY_BYTES_MAX ? undefined : Buffer.concat(chunks).toString('utf8');
}

function objectOf(text: string): JsonObject | undefined {
  try {
    const value: JsonObject | null = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

async function listening(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

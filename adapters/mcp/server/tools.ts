/** Tools as a CRM’s vendor would offer them: flat arguments, structured results, and their own words for what went wrong. */
import { type CallToolResult, type ListToolsResult, Server } from '@modelcontextprotocol/server';
import type { Db, Fields, RecordType, Stored } from '../../sandbox/server/db.ts';
import { fieldErrors } from '../../sandbox/server/validate.ts';

/** How this one call goes wrong, if it does. */
export interface Ways {
  readonly isStale: boolean;
  readonly isPartial: boolean;
}

type Tool = ListToolsResult['tools'][number];

const text = { type: 'string', maxLength: 200 } as const;
const tool = (name: string, properties: NonNullable<Tool['inputSchema']['properties']>, isRead: boolean): Tool => ({
  name,
  description: name.replaceAll('_', ' '),
  inputSchema: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
  annotations: { readOnlyHint: isRead },
});

const TYPES: ReadonlyMap<string, RecordType> = new Map([
  ['account', 'accounts'],
  ['contact', 'contacts'],
  ['contract', 'contracts'],
  ['ticket', 'tickets'],
]);

export const TOOLS: readonly Tool[] = [
  ...[...TYPES.keys()].map((type) => tool(`get_${type}`, { id: text }, true)),
  ...['account', 'contact', 'contract'].map((type) =>
    tool(`update_${type}`, { id: text, reference: text, changes: { type: 'object' } }, false),
  ),
  // The same for whoever says on which revision they decided.
  ...['account', 'contact', 'contract'].map((type) =>
    tool(`revise_${type}`, { id: text, reference: text, revision: text, changes: { type: 'object' } }, false),
  ),
  tool('open_ticket', { reference: text, ticket: { type: 'object' } }, false),
  tool('find_change', { reference: text }, true),
];
export const READS: ReadonlySet<string> = new Set(
  TOOLS.filter(({ annotations }) => annotations?.readOnlyHint === true).map(({ name }) => name),
);

/** `lateMs`: how long after it was made a write is found. */
export function makeToolServer(db: Db, ways: () => Ways, lateMs = 0): Server {
  const server = new Server({ name: 'sandbox-crm', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', async () => ({ tools: [...TOOLS], ttlMs: 0, cacheScope: 'private' }));
  server.setRequestHandler('tools/call', async ({ params }) =>
    call(db, params.name, params.arguments ?? {}, ways(), lateMs),
  );
  return server;
}

const earlier = new Map<string, Stored>();
/** When each reference was written. */
const madeAt = new Map<string, number>();

function call(
  db: Db,
  name: string,
  given: Record<string, unknown>,
  { isStale, isPartial }: Ways,
  lateMs: number,
): CallToolResult {
  const [, verb = '', kind = ''] = /^([a-z]+)_([a-z]+)$/.exec(name) ?? [];
  const id = String(given['id'] ?? '');
  const reference = String(given['reference'] ?? '');
  const type = TYPES.get(kind);
  if (verb === 'find') {
    const change = db.change(reference);
    const isShown = (madeAt.get(reference) ?? 0) + lateMs <= performance.now();
    return said({ matches: change === undefined || !isShown ? [] : [{ id: change.id, revision: change.revision }] });
  }
  if (verb === 'open') return opened(db, reference, given['ticket'], isPartial);
  const stored = type === undefined ? undefined : db.get(type, id);
  if (type === undefined || stored === undefined) return failed('NOT_FOUND');
  if (verb === 'get') return said(view(isStale ? (earlier.get(`${type}/${id}`) ?? stored) : stored));
  const changes = fieldsOf(given['changes'], isPartial);
  if (changes === undefined || fieldErrors(type, changes).length > 0) return failed('BAD_VALUES');
  if (db.change(reference) !== undefined) return failed('DUPLICATE_REFERENCE');
  if (verb === 'revise' && given['revision'] !== String(stored.revision)) return failed('OTHER_REVISION');
  earlier.set(`${type}/${id}`, stored);
  madeAt.set(reference, performance.now());
  const next = { ...stored.data, ...changes };
  return said(view(db.apply(type, id, stored.revision + 1, next, reference, JSON.stringify(changes))));
}

function opened(db: Db, reference: string, ticket: unknown, isPartial: boolean): CallToolResult {
  const fields = fieldsOf(ticket, isPartial);
  if (fields === undefined || fieldErrors('tickets', fields).length > 0) return failed('BAD_VALUES');
  if (db.change(reference) !== undefined) return failed('DUPLICATE_REFERENCE');
  madeAt.set(reference, performance.now());
  const id = `T-${1001 + db.count('tickets')}`;
  return said(view(db.apply('tickets', id, 1, { status: 'open', ...fields }, reference, JSON.stringify(fields))));
}

function fieldsOf(value: unknown, isPartial: boolean): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).slice(0, isPartial ? 1 : undefined));
}

const view = ({ id, revision, data }: Stored) => ({ record: { ...data, id, revision } });

function said(result: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: result };
}

function failed(code: string): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify({ code }) }], isError: true };
}

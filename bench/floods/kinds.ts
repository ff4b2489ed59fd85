/** What strangers send. None of it proves anything, but where it says so. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { contentDigest, type SignKey, signRequest } from '../../protocol/signature/signature.ts';
import type { AgentKey } from '../../src/client/index.ts';
import { signKeyOf } from '../../src/identity/signature/keys-node.ts';

export interface Sent {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Flood {
  readonly name: string;
  /** Connections, each of which sends its next request when the last was answered. */
  readonly connections: number;
  readonly next: (at: number) => Sent;
}

export interface FloodsOf {
  readonly origin: string;
  readonly directoriesPort: number;
  readonly stranger: AgentKey;
}

const MANY = 16;
/** Where each answer takes seconds, there have to be more to be felt. */
const PATIENT = 200;
const READ = '/operations/op_00000000-0000-7000-8000-000000000000';
const TWO_EYES = { accept: 'application/json, text/event-stream' };

/** A request signed by this key: of strangers, whom nobody can look up. */
export function signedBy(key: SignKey, origin: string, sent: Sent): Sent {
  const { host, protocol } = new URL(origin);
  const headers = {
    ...sent.headers,
    ...(sent.body === undefined ? {} : { 'content-digest': contentDigest(Buffer.from(sent.body)) }),
  };
  const { signatureInput, signature } = signRequest(
    {
      method: sent.method,
      scheme: protocol.slice(0, -1),
      authority: host,
      target: sent.path,
      headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
    },
    sent.body !== undefined,
    { key, now: new Date(), nonce: randomBytes(18).toString('base64url') },
  );
  return { ...sent, headers: { ...headers, 'signature-input': signatureInput, signature } };
}

export function floodsOf({ origin, directoriesPort, stranger }: FloodsOf): readonly Flood[] {
  // Signed once: nobody has the key that would show that it is no longer over these fields.
  const templates = ['signature-agent', 'ucp-agent'].map((name) =>
    signedBy(stranger, origin, { method: 'GET', path: READ, headers: { [name]: '"x"' } }),
  );
  const pointing = (headers: Record<string, string>): Sent => {
    const template = templates.find((each) => Object.keys(headers).some((name) => name in each.headers));
    return template === undefined
      ? signedBy(stranger, origin, { method: 'GET', path: READ, headers })
      : { ...template, headers: { ...template.headers, ...headers } };
  };
  const agent = (host: string) => pointing({ 'signature-agent': `"http://${host}:${directoriesPort}"` });
  const rpc = (body: object): Sent => ({
    method: 'POST',
    path: '/mcp',
    headers: { 'content-type': 'application/json', ...TWO_EYES },
    body: JSON.stringify(body),
  });
  const call = (method: string, id: number, params: object = {}) => ({ jsonrpc: '2.0', id, method, params });
  const batch = (...methods: readonly string[]) => rpc(methods.map((method, id) => call(method, id)));
  const times = (count: number, method: string) => Array.from({ length: count }, () => method);
  const get = (path: string, more: Record<string, string> = {}): Sent => ({ method: 'GET', path, headers: more });
  const fixed = (name: string, sent: Sent, connections = MANY): Flood => ({ name, connections, next: () => sent });
  return [
    fixed('unknown key', pointing({})),
    {
      name: 'eight labels, eight directories',
      connections: MANY,
      next: (at) => labelled(pointing, at, directoriesPort),
    },
    {
      name: 'profiles of 129 kB',
      connections: MANY,
      next: (at) => pointing({ 'ucp-agent': `profile="http://p${at}.flood.test:${directoriesPort}/profile${at}"` }),
    },
    {
      name: 'profiles of 129 kB at one host',
      connections: MANY,
      next: (at) => pointing({ 'ucp-agent': `profile="http://one.flood.test:${directoriesPort}/profile${at}"` }),
    },
    { name: 'hanging directories', connections: PATIENT, next: (at) => agent(`h${at}.hang.test`) },
    { name: 'a silent DNS zone', connections: PATIENT, next: (at) => agent(`s${at}.silent.test`) },
    fixed('MCP: ten lists in a batch', batch(...times(10, 'tools/list'))),
    fixed('MCP: a list and nine pings', batch('tools/list', ...times(9, 'ping'))),
    fixed('MCP: tools/list', rpc(call('tools/list', 1))),
    fixed('MCP: a resource', rpc(call('resources/read', 1, { uri: 'parley://actions' }))),
    fixed('the guide', get('/llms.txt', { 'accept-encoding': 'gzip' })),
    fixed('the OpenAPI document', get('/openapi.json', { 'accept-encoding': 'gzip' })),
    fixed('the OpenAPI document, plain', get('/openapi.json')),
    fixed('HEAD of the people’s pages', { method: 'HEAD', path: '/console/operations', headers: {} }),
    {
      name: 'sign-ins from one provider’s addresses',
      connections: PATIENT,
      next: (at) => signIn(origin, at, `203.0.${(at >> 8) % 256}.${at % 256}`),
    },
    { name: 'sign-ins from many networks', connections: PATIENT, next: (at) => signIn(origin, at, networkAt(at)) },
    { name: 'opaque tokens from one address', connections: PATIENT, next: (at) => opaque(at, '203.0.113.7') },
    { name: 'opaque tokens from many networks', connections: PATIENT, next: (at) => opaque(at, networkAt(at)) },
    {
      name: 'registrations from one address',
      connections: MANY,
      next: (at) => registration(origin, at, '203.0.113.7'),
    },
    {
      name: 'registrations from many networks',
      connections: MANY,
      next: (at) => registration(origin, at, networkAt(at)),
    },
  ];
}

/** Of many providers, sites and customers, IPv4 and IPv6. From the company's own proxy, which is on this machine. */
function networkAt(at: number): string {
  const hex = (bits: number) => ((at >> bits) % 256).toString(16);
  return at % 2 === 0 ? `${11 + (at % 90)}.${at % 256}.${(at >> 8) % 256}.7` : `2001:${hex(0)}:${hex(4)}:${hex(8)}::1`;
}

function signIn(origin: string, at: number, from: string): Sent {
  const headers = { origin, 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': from };
  return { method: 'POST', path: '/console/sign-in', headers, body: `id=maria&password=guess${at}` };
}

/** One that only its server could read, and that nobody has. */
function opaque(at: number, from: string): Sent {
  const authorization = `Bearer ${randomBytes(24).toString('base64url')}${at}`;
  const headers = { authorization, 'content-type': 'application/json', ...TWO_EYES, 'x-forwarded-for': from };
  const body = JSON.stringify({ jsonrpc: '2.0', id: at, method: 'tools/call', params: { name: 'operation_read' } });
  return { method: 'POST', path: '/mcp', headers, body };
}

/** A key that nobody has seen, proven by its own signature. */
function registration(origin: string, at: number, from: string): Sent {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk = publicKey.export({ format: 'jwk' });
  const key = signKeyOf({ ...privateKey.export({ format: 'jwk' }) } as Record<string, string>);
  const body = JSON.stringify({ name: `Stranger ${at}`, jwk });
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': from };
  return signedBy(key, origin, { method: 'POST', path: '/agents', headers, body });
}

/** The same signature under eight labels, each with a directory of its own. */
function labelled(pointing: (headers: Record<string, string>) => Sent, at: number, port: number): Sent {
  const labels = Array.from({ length: 8 }, (_, label) => `l${label}`);
  const agents = labels.map((label) => `${label}="http://${label}x${at}.flood.test:${port}"`).join(', ');
  const sent = pointing({ 'signature-agent': agents });
  const copies = (field: string) =>
    labels.map((label) => `${label}${(sent.headers[field] ?? '').replace(/^[^=]*/, '')}`).join(', ');
  return {
    ...sent,
    headers: { ...sent.headers, 'signature-input': copies('signature-input'), signature: copies('signature') },
  };
}

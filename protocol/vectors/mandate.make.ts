/** Prints mandate.json: `node protocol/vectors/mandate.make.ts > protocol/vectors/mandate.json`. Only when the format changes. */
import { base64url } from 'jose';
import {
  EMAIL,
  type Forgery,
  forge,
  GATEWAY,
  holder,
  issuers,
  NAME,
  NONCE,
  NOW,
  respell,
  seconds,
} from '../mandate/fixture.ts';
import { type JwtSigner, verifyMandate } from '../mandate/mandate.ts';
import { makeDisclosure } from '../mandate/sd-jwt.ts';

const [company, principal, agent, stranger] = await Promise.all(
  (['company', 'principal', 'agent', 'stranger'] as const).map(holder),
);
if (!company || !principal || !agent || !stranger) throw new Error('no keys');
const status = (idx: number) => ({ status_list: { idx, uri: 'https://customer.example/status/1' } });
const foreign = makeDisclosure('YW5vdGhlci1zYWx0LW9mLWl0cy1vd24', 'name', 'Eve');
const eve = base64url.encode(new TextDecoder().decode(base64url.decode(NAME)).replace('Ada', 'Eve'));
const hiddenLimit = makeDisclosure('YW5vdGhlci1zYWx0LW9mLWl0cy1vd24', 'max_total', { amount: 100, currency: 'EUR' });
const hiddenConstraints = makeDisclosure('YW5vdGhlci1zYWx0LW9mLWl0cy1vd24', 'constraints', {
  actions: ['contract.renew'],
  accounts: ['A-1001'],
});
const digestOf = async (text: string) =>
  base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
const flip = (text: string) => (text.endsWith('A') ? `${text.slice(0, -1)}E` : `${text.slice(0, -1)}A`);
/** HMAC with the issuer's public key as the secret: what a verifier that trusts `alg` would accept. */
const hs256: JwtSigner['sign'] = async (data) => {
  const secret = await crypto.subtle.importKey(
    'raw',
    base64url.decode(company.jwk.x),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  return new Uint8Array(await crypto.subtle.sign('HMAC', secret, new Uint8Array(data)));
};
const unsigned = (jwt: string) => `${jwt.split('.').slice(0, 2).join('.')}.`;
async function hmac(jwt: string): Promise<string> {
  const input = jwt.split('.').slice(0, 2).join('.');
  return `${input}.${base64url.encode(await hs256(new TextEncoder().encode(input)))}`;
}
const hmacHeader = { header: { alg: 'HS256' } };
const hmacJwt = await hmac((await forge(hmacHeader)).split('~')[0] ?? '');

const accepted: Readonly<Record<string, Forgery>> = {
  'by the company, nothing disclosed': {},
  'by the company, name and e-mail disclosed': { disclosures: [NAME, EMAIL] },
  'by the company, every limit set': {
    constraints: {
      max_total: { amount: 1_200_000, currency: 'EUR' },
      max_total_per_period: { amount: 100_000, currency: 'EUR', period: 'month' },
      max_uses: 12,
      max_term_months: 24,
      max_seats: 50,
    },
  },
  'by the principal, ES256, with a status list': {
    issuer: 'principal',
    claims: { status: status(7) },
    disclosures: [NAME],
  },
  'for this gateway only': { claims: { aud: GATEWAY } },
  'without hidden claims': { claims: { _sd: undefined, _sd_alg: undefined } },
  'issued 30 s ahead of our clock': { claims: { iat: seconds + 30 } },
  'bound 300 s ago': { binding: { iat: seconds - 300 } },
};

const refused: Readonly<Record<string, Forgery>> = {
  'claims changed after signing': { alter: (jwt) => respell(jwt, '"name":"Eve"') },
  'signature changed': {
    alter: (jwt) => `${jwt.slice(0, -10)}${jwt.slice(-10) === 'AAAAAAAAAA' ? 'BBBBBBBBBA' : 'AAAAAAAAAA'}`,
  },
  'stray bits in the signature': {
    alter: (jwt) => jwt.slice(0, -1) + String.fromCharCode(jwt.charCodeAt(jwt.length - 1) + 1),
  },
  'a member said twice': { alter: (jwt) => respell(jwt, '"exp":9999999999') },
  'tampered disclosure': { disclosures: [eve] },
  'stray bits in a disclosure': { disclosures: [flip(NAME)] },
  'disclosure given twice': { disclosures: [NAME, NAME] },
  'disclosure the issuer did not make': { disclosures: [foreign] },
  'disclosure of a claim that is there': { claims: { name: 'Ada' }, disclosures: [NAME] },
  'disclosure that is no array of three': { disclosures: [base64url.encode('["x"]')] },
  '_sd_alg is not sha-256': { claims: { _sd_alg: 'sha-512' } },
  '_sd lists a digest twice': { claims: { _sd: [await digestOf(NAME), await digestOf(NAME)] } },
  'hidden limit, disclosed': { claims: { _sd: [await digestOf(hiddenLimit)] }, disclosures: [hiddenLimit] },
  'hidden limit inside the constraints': { constraints: { _sd: [await digestOf(hiddenLimit)] } },
  'constraints hidden, disclosed': {
    claims: { constraints: undefined, _sd: [await digestOf(hiddenConstraints)] },
    disclosures: [hiddenConstraints],
  },
  'constraints hidden, not disclosed': { claims: { constraints: undefined, _sd: [await digestOf(hiddenConstraints)] } },
  'unknown constraint': { constraints: { max_discount: 10 } },
  'extra member in a constraint': { constraints: { max_total: { amount: 100, currency: 'EUR', per: 'month' } } },
  'limit for a period that is none': {
    constraints: { max_total_per_period: { amount: 100, currency: 'EUR', period: 'week' } },
  },
  'limit of a period without it': { constraints: { max_total_per_period: { amount: 100, currency: 'EUR' } } },
  'fewer uses than none': { constraints: { max_uses: -1 } },
  'limit that is no integer': { constraints: { max_seats: 1.5 } },
  'no actions': { constraints: { actions: [] } },
  'no accounts': { constraints: { accounts: [] } },
  'unknown claim': { claims: { max_uses: 1 } },
  'status of an unknown kind': { claims: { status: { ...status(1), other: {} } } },
  'no jti': { claims: { jti: undefined } },
  'no exp': { claims: { exp: undefined } },
  'no iat': { claims: { iat: undefined } },
  expired: { claims: { exp: seconds } },
  'iat in the future': { claims: { iat: seconds + 31 } },
  'nbf in the future': { claims: { nbf: seconds + 31 } },
  'lives too long': { claims: { exp: seconds - 3600 + 366 * 86_400 + 1 } },
  'vct of another version': { claims: { vct: 'urn:parley:mandate:action:2' } },
  'typ of another kind of token': { header: { typ: 'dc+sd-jwt' } },
  'for another gateway': { claims: { aud: 'https://other.example' } },
  'for several audiences': { claims: { aud: [GATEWAY] } },
  'alg none': { header: { alg: 'none' }, alter: unsigned },
  'HS256 with the public key': { ...hmacHeader, alter: () => hmacJwt },
  'alg of another key type': { header: { alg: 'ES256' } },
  'header with jwk': { header: { jwk: stranger.jwk }, issuer: 'stranger' },
  'header with jku': { header: { jku: 'https://attacker.example/keys' } },
  'header with x5u': { header: { x5u: 'https://attacker.example/cert' } },
  'header with crit': { header: { crit: ['exp'] } },
  'kid nobody knows': { header: { kid: '../../etc/passwd' } },
  'no kid': { header: { kid: undefined } },
  'unknown issuer': { claims: { iss: 'https://attacker.example' } },
  'signed by a stranger in the name of the company': { issuer: 'stranger', header: { kid: company.kid } },
  'principal for another subject': { issuer: 'principal', claims: { sub: 'contact:C-2002' } },
  'principal for an account that is not its own': {
    issuer: 'principal',
    constraints: { accounts: ['A-1001', 'A-2002'] },
  },
  'subject that is no principal': { claims: { sub: 'C-1001' } },
  'bound to a key with its private part': { claims: { cnf: { jwk: { ...agent.jwk, d: 'A'.repeat(43) } } } },
  'bound to no key': { claims: { cnf: {} } },
  'bound to the key of another agent': { claims: { cnf: { jwk: stranger.jwk } }, binder: 'stranger' },
  'replayed by another agent': { binder: 'stranger' },
  'key binding of another typ': { bindingHeader: { typ: 'JWT' } },
  'key binding with alg none': { bindingHeader: { alg: 'none' } },
  'key binding for another audience': { binding: { aud: 'https://other.example' } },
  'key binding for several audiences': { binding: { aud: [GATEWAY] } },
  'key binding with another nonce': { binding: { nonce: 'k-9876543210abcdefghij' } },
  'key binding without nonce': { binding: { nonce: undefined } },
  'key binding over another presentation': { binding: { sd_hash: await digestOf('other') } },
  'key binding too old': { binding: { iat: seconds - 301 } },
  'key binding from the future': { binding: { iat: seconds + 31 } },
  'key binding with an unknown claim': { binding: { scope: 'all' } },
  'too large': { disclosures: ['A'.repeat(8_192)] },
};

const check = { audience: GATEWAY, nonce: NONCE, keyid: agent.kid, now: NOW.toISOString() };
const bare = await forge();
const texts: [name: string, presented: string][] = [
  ['key binding missing', bare.slice(0, bare.lastIndexOf('~') + 1)],
  ['not an SD-JWT', bare.split('~')[0] ?? ''],
  ['empty', ''],
  ['empty disclosure', bare.replace('~', '~~')],
  ['whitespace', `${bare}\n`],
  ['disclosure taken away after binding', (await forge({ disclosures: [NAME] })).replace(`~${NAME}`, '')],
];
for (const [name, forgery] of Object.entries({ ...accepted, ...refused })) texts.push([name, await forge(forgery)]);

const cases = [];
for (const [name, presented] of texts) {
  const outcome = await verifyMandate(presented, { ...check, issuers: await issuers(), now: NOW });
  if (outcome.ok !== Object.hasOwn(accepted, name)) throw new Error(`${name}: ${JSON.stringify(outcome)}`);
  cases.push({ name, presented, expected: outcome.ok ? { facts: outcome.value } : { problem: outcome.error } });
}
process.stdout.write(`${JSON.stringify({ issuers: Object.fromEntries(await issuers()), check, cases }, null, 2)}\n`);

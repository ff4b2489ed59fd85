// A customer's agent over signed HTTP: asks for a renewal, negotiates within its own limits, waits for a person, keeps the receipt.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  fileJournal,
  fileMemory,
  loadAgentKey,
  makeBuyer,
  makeClient,
  mandateLimits,
  ProblemError,
} from 'parley-gateway/client';

const { GATEWAY = '', AGENT_KEY = '', MANDATE = '' } = process.env;
const mandate = readFileSync(MANDATE, 'utf8').trim();
const [eur, total] = [(amount: number) => ({ amount, currency: 'EUR' }), ['unit_price', 'term_months', 'seats']];
const goals = {
  terms: {
    unit_price: { wish: eur(4300), most: eur(4720), weight: 5 },
    term_months: { wish: 24, most: 36 },
    seats: { wish: 32 },
    notice_days: { wish: 60, most: 60 },
  },
  budget: { most: eur(40_000_00), of: total },
  // What the principal signed is never gone beyond, whatever the wishes say.
  limits: mandateLimits(mandate, { total, termMonths: 'term_months', seats: 'seats' }),
};
/** Reads every price on offer, goes on where earlier talks about the contract stood, and says why it accepts. */
const buyer = makeBuyer({ goals, about: 'contract.renew K-1001', memory: fileMemory(`${AGENT_KEY}.talks`) });

const client = makeClient({
  gateway: GATEWAY,
  key: await loadAgentKey(JSON.parse(readFileSync(AGENT_KEY, 'utf8'))),
  journal: fileJournal(`${AGENT_KEY}.journal`),
});
await client.register({ name: 'Example agent' });

const asked = await client.submit('contract.renew', { contract: 'K-1001' }, mandate);
let view = await client.waitForTurn(asked.id);
// Until it has ended, or waits for its day: a person who is asked may make an offer of their own, and the talk goes on.
while (view.next.some(({ rel }) => rel === 'accept' || rel === 'counter')) {
  const move = buyer.move(view);
  console.log(move.kind, move.kind === 'counter' ? JSON.stringify(move.terms) : move.why.words);
  if (move.kind === 'accept') await client.accept(view, move.offer, move.choice).catch(factsChanged);
  else if (move.kind === 'counter') await client.counter(view.id, move.terms);
  else await client.withdraw(view.id, 'Beyond our limits.');
  console.log('waiting for the company …');
  view = await client.waitForTurn(view.id);
}
/** The record has changed under the offer: there are new ones. */
function factsChanged(error: unknown) {
  if (!(error instanceof ProblemError && error.type.endsWith(':offer-facts-changed'))) throw error;
}
buyer.ended(view);
console.log(view.state, JSON.stringify(view.output ?? view.problem ?? {}));
if (!['completed', 'scheduled'].includes(view.state)) process.exitCode = 1;
const at = (name: string) => join(dirname(AGENT_KEY), name);
writeFileSync(at('company-keys.json'), JSON.stringify({ keys: (await client.discover()).keys }));
// What waits for its day has no receipt yet.
if (view.state !== 'scheduled') {
  writeFileSync(at('receipt.json'), JSON.stringify(await client.receipt(view.id)));
  console.log(`check it offline: npx parley verify ${at('receipt.json')} --keys ${at('company-keys.json')}`);
}

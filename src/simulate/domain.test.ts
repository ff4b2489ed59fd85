/** Domains from files: mistakes in words, points against trying every package, and the company's own code at play in them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { type Domain, parseDomain, scenarioFrom } from './domain.ts';
import { cornersOf, frontierOf } from './frontier.ts';
import { playAll, sceneOf } from './measure.ts';

function example(name: string): Domain {
  const path = new URL(`../../examples/domains/${name}.json`, import.meta.url);
  return parsed(JSON.parse(readFileSync(path, 'utf8')) as JsonObject);
}

function parsed(json: JsonObject): Domain {
  const domain = parseDomain(json);
  if (!domain.ok) throw new Error(domain.error.join('\n'));
  return domain.value;
}

function scenarioOf(domain: Domain) {
  const scenario = scenarioFrom(domain);
  if (!scenario.ok) throw new Error(scenario.error.join('\n'));
  return scenario.value;
}

/** Both sides' utilities of every package, as the file has them. */
function packages({ issues }: Domain) {
  return issues.reduce(
    (before, { values, company, customer }) =>
      before.flatMap((each) =>
        values.map((_, at) => ({
          company: each.company + (company[at] ?? 0),
          customer: each.customer + (customer[at] ?? 0),
        })),
      ),
    [{ company: 0, customer: 0 }],
  );
}

const best = (domain: Domain, side: 'company' | 'customer') => Math.max(...packages(domain).map((each) => each[side]));

describe('a domain without transfer', () => {
  const domain = example('joint-launch');
  const frontier = frontierOf(scenarioOf(domain));
  const gains = packages(domain)
    .map(({ company, customer }) => ({
      company: ((company - domain.company.reservation) / best(domain, 'company')) * 10_000,
      customer: ((customer - domain.customer.reservation) / best(domain, 'customer')) * 10_000,
    }))
    .filter(({ company, customer }) => company >= -1e-6 && customer >= -1e-6);

  it('has the utilitarian, Nash and Kalai–Smorodinsky points that trying every package finds', () => {
    const max = (score: (gain: { company: number; customer: number }) => number) => Math.max(...gains.map(score));
    expect(frontier.joint).toBeCloseTo(
      max(({ company, customer }) => company + customer),
      0,
    );
    expect(frontier.nash.company * frontier.nash.customer).toBeCloseTo(
      max(({ company, customer }) => company * customer),
      -4,
    );
    const [mostCompany, mostCustomer] = [max(({ company }) => company), max(({ customer }) => customer)];
    const part = ({ company, customer }: { company: number; customer: number }) =>
      Math.min(company / mostCompany, customer / mostCustomer);
    expect(part(frontier.kalai)).toBeCloseTo(max(part), 2);
  });

  it('has the frontier that trying every package finds', () => {
    const undominated = gains.filter(
      (a) =>
        !gains.some(
          (b) =>
            b.company >= a.company - 1e-9 &&
            b.customer >= a.customer - 1e-9 &&
            b.company + b.customer > a.company + a.customer + 1e-6,
        ),
    );
    const rounded = (deals: readonly { company: number; customer: number }[]) =>
      [...new Set(deals.map(({ company, customer }) => `${Math.round(company)} ${Math.round(customer)}`))].sort();
    expect(rounded(cornersOf(frontier.pareto))).toEqual(rounded(undominated));
    expect(undominated.length).toBeGreaterThan(5);
  });

  it('is played by the company’s own code: packages that cost nothing are agreed on, and nothing is ever paid', () => {
    const played = playAll([sceneOf(scenarioOf(domain), 1)], 'conceder 5');
    expect(played.ok && played.value[0]?.outcome).toMatchObject({ ended: 'agreed', within: true });
  });
});

describe('a domain with transfer', () => {
  it('has the largest sum of all packages, and half of it is fair', () => {
    const domain = example('support-plan');
    const { joint, nash } = frontierOf(scenarioOf(domain));
    const most = Math.max(...packages(domain).map(({ company, customer }) => company + customer));
    const gain = ((most - domain.company.reservation - domain.customer.reservation) / best(domain, 'company')) * 10_000;
    expect(joint).toBeCloseTo(gain, -1);
    expect(nash.company).toBeCloseTo(gain / 2, -1);
  });
});

describe('a domain with mistakes', () => {
  it('is told all of them, with their places', () => {
    const domain = parseDomain({
      transfer: 'no',
      issues: [{ name: 'Colour', company: { red: 1, blue: 'much' }, customer: { red: 1, green: 2 }, wieghts: {} }],
      company: { reservation: 5 },
    });
    expect(domain.ok ? [] : domain.error).toEqual([
      '/transfer must be true (money may change hands) or false',
      '/issues/0/wieghts is not known; known are name, company, customer, weights',
      '/issues/0/customer says nothing of “blue”, which the company values',
      '/issues/0/customer/green is not known; known are red, blue',
      '/issues/0/company/blue must be a number',
      '/company must fall: open (its best package unless told), concede_to, reservation',
    ]);
  });
});

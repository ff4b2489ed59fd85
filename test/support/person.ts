import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { JsonObject } from '../../protocol/base/json.ts';

/** A person at the company's pages: signs in, reads the sign-off as a browser would, and sends its form. */
export interface Person {
  readonly id: string;
  readonly password: string;
}

export interface Form {
  readonly decision: 'approved' | 'rejected' | 'countered';
  readonly reason?: string;
  /** Instead of what the page shows. */
  readonly planDigest?: string;
  readonly terms?: Readonly<Record<string, string>>;
}

/** The status of the answer: 303 when the decision was taken, 409 when it was not. */
export async function decideAs(origin: string, person: Person, signoff: string, form: Form): Promise<number> {
  const cookie = await signIn(origin, person);
  const url = `${origin}/console/signoffs/${signoff}`;
  const page = await (await fetch(url, { headers: { cookie } })).text();
  const shown = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
  const body = new URLSearchParams({
    csrf: inputOf(page, 'csrf') ?? (await csrfElsewhere(origin, cookie)),
    plan_digest: form.planDigest ?? shown('plan_digest'),
    decision: form.decision,
    ...(form.reason === undefined ? {} : { reason: form.reason }),
    ...Object.fromEntries(Object.entries(form.terms ?? {}).map(([name, value]) => [`terms.${name}`, value])),
  });
  const headers = { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' };
  return (await fetch(url, { method: 'POST', redirect: 'manual', headers, body: body.toString() })).status;
}

/** A person's yes to a plan from the company's own desk, signed as Standard Webhooks says: the status of the answer, 0 where none came. */
export const approveSigned = (
  origin: string,
  secret: string,
  { id, plan_digest, approver }: { readonly id: string; readonly plan_digest: string; readonly approver: string },
): Promise<number> => answerAs(origin, secret, { signoff: id, body: { plan_digest, decision: 'approve', approver } });

/** Any answer to a sign-off, signed so. */
export async function answerAs(
  origin: string,
  secret: string,
  { signoff, body: answer }: { readonly signoff: string; readonly body: JsonObject },
): Promise<number> {
  const body = JSON.stringify(answer);
  const [message, now] = [`msg_${randomBytes(8).toString('hex')}`, new Date()];
  const headers = {
    'content-type': 'application/json',
    'webhook-id': message,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(message, now, body),
  };
  return fetch(`${origin}/signoffs/${signoff}/decision`, { method: 'POST', headers, body }).then(
    (response) => response.status,
    () => 0,
  );
}

/** The page of a sign-off as this person sees it. */
export async function pageAs(origin: string, person: Person, signoff: string): Promise<string> {
  const cookie = await signIn(origin, person);
  return (await fetch(`${origin}/console/signoffs/${signoff}`, { headers: { cookie } })).text();
}

/** Cancels what waits for its day, from its page: 303 when it was taken back, 409 when it was not. */
export async function cancelAs(origin: string, person: Person, operation: string, reason: string): Promise<number> {
  const cookie = await signIn(origin, person);
  const url = `${origin}/console/operations/${operation}`;
  const page = await (await fetch(url, { headers: { cookie } })).text();
  const csrf = inputOf(page, 'csrf');
  if (csrf === undefined || !page.includes('Waits for')) throw new Error(`nothing to cancel on ${url}`);
  const body = new URLSearchParams({ csrf, reason });
  const headers = { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' };
  return (await fetch(`${url}/cancel`, { method: 'POST', redirect: 'manual', headers, body: body.toString() })).status;
}

async function signIn(origin: string, person: Person): Promise<string> {
  const response = await fetch(`${origin}/console/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...person, next: '/console/' }).toString(),
  });
  const cookie = response.headers.get('set-cookie')?.split(';', 1)[0];
  if (response.status !== 303 || cookie === undefined) throw new Error(`${person.id} could not sign in`);
  return cookie;
}

/** A decided sign-off shows no form; the session's token is the same on every page, as in the sign-out form. */
async function csrfElsewhere(origin: string, cookie: string): Promise<string> {
  const page = await (await fetch(`${origin}/console/`, { headers: { cookie } })).text();
  return inputOf(page, 'csrf') ?? '';
}

function inputOf(page: string, name: string): string | undefined {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1];
}

/** A person's word in a talk that waits for one: an offer as the page has it, with what is changed, or no. The status of the answer. */
export async function sayAs(
  origin: string,
  person: Person,
  operation: string,
  word: { readonly terms?: Readonly<Record<string, string>>; readonly reason?: string },
): Promise<number> {
  const cookie = await signIn(origin, person);
  const url = `${origin}/console/operations/${operation}`;
  const page = await (await fetch(url, { headers: { cookie } })).text();
  const shown = [...page.matchAll(/name="(terms\.[^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  const body = new URLSearchParams({
    csrf: inputOf(page, 'csrf') ?? '',
    ...Object.fromEntries(shown),
    ...Object.fromEntries(Object.entries(word.terms ?? {}).map(([name, value]) => [`terms.${name}`, value])),
    ...(word.reason === undefined ? {} : { decision: 'declined', reason: word.reason }),
  });
  const headers = { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' };
  return (await fetch(`${url}/talk`, { method: 'POST', redirect: 'manual', headers, body: body.toString() })).status;
}

/** Any page as this person sees it. */
export async function readAs(origin: string, person: Person, path: string): Promise<string> {
  const cookie = await signIn(origin, person);
  return (await fetch(`${origin}${path}`, { headers: { cookie } })).text();
}

/** Sends one form of a page as the page has it, with what is changed: the answer's status, and the page that came back. */
export async function sendAs(
  origin: string,
  person: Person,
  path: string,
  { to = path, fields }: { readonly to?: string; readonly fields: Readonly<Record<string, string>> },
): Promise<{ readonly status: number; readonly page: string }> {
  const cookie = await signIn(origin, person);
  const page = await (await fetch(`${origin}${path}`, { headers: { cookie } })).text();
  const shown = [...page.matchAll(/name="(csrf|plan_digest|terms\.[^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [
    name,
    value,
  ]);
  const answer = await fetch(`${origin}${to}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...Object.fromEntries(shown), ...fields }).toString(),
  });
  return { status: answer.status, page: await answer.text() };
}

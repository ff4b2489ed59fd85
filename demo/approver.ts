/** Plays the approver in the browser's stead: the same sign-in, pages and form a person uses. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 500;

interface Approver {
  readonly id: string;
  readonly password: string;
}

export async function approveAsPerson(origin: string, url: string, person: Approver): Promise<void> {
  await approve(origin, url, await signIn(origin, person));
}

/** Approves whatever comes into the person's inbox, in one session, until told to stop. */
export async function approveAsItComes(origin: string, person: Approver, until: () => boolean): Promise<void> {
  const cookie = await signIn(origin, person);
  while (!until()) {
    // What became void while it was looked at comes again as another sign-off.
    for (const url of await waitingSignoffs(origin, cookie)) await approve(origin, url, cookie).catch(() => undefined);
    await sleep(LOOK_MS);
  }
}

async function approve(origin: string, url: string, cookie: string): Promise<void> {
  const page = await (await fetch(url, { headers: { cookie } })).text();
  const value = (name: string) =>
    new RegExp(`name="${name}" value="([^"]*)"`).exec(page.slice(page.indexOf('Your decision')))?.[1] ?? '';
  const decided = await fetch(
    url,
    form(origin, { csrf: value('csrf'), plan_digest: value('plan_digest'), decision: 'approved' }, cookie),
  );
  if (decided.status !== 303) throw new Error(`the approval was refused (${decided.status})`);
}

async function waitingSignoffs(origin: string, cookie: string): Promise<readonly string[]> {
  const inbox = await fetch(`${origin}/console/`, { headers: { cookie } });
  if (!inbox.ok) throw new Error(`the inbox did not open (${inbox.status})`);
  const paths = (await inbox.text()).match(/\/console\/signoffs\/so_[0-9a-f-]{36}/g);
  return [...new Set(paths)].map((path) => `${origin}${path}`);
}

async function signIn(origin: string, person: Approver): Promise<string> {
  const signedIn = await fetch(`${origin}/console/sign-in`, form(origin, { ...person, next: '/console/' }));
  const cookie = signedIn.headers.get('set-cookie')?.split(';', 1)[0];
  if (signedIn.status !== 303 || cookie === undefined) throw new Error('the approver could not sign in');
  return cookie;
}

function form(origin: string, fields: Record<string, string>, cookie = '') {
  return {
    method: 'POST',
    redirect: 'manual' as const,
    headers: { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  };
}

/** Plays the approver in the browser's stead: the same sign-in, pages and form a person uses. */
interface Approver {
  readonly id: string;
  readonly password: string;
}

export async function approveAsPerson(origin: string, url: string, person: Approver): Promise<void> {
  const cookie = await signIn(origin, person);
  const page = await (await fetch(url, { headers: { cookie } })).text();
  const value = (name: string) =>
    new RegExp(`name="${name}" value="([^"]*)"`).exec(page.slice(page.indexOf('Your decision')))?.[1] ?? '';
  const decided = await fetch(
    url,
    form(origin, { csrf: value('csrf'), plan_digest: value('plan_digest'), decision: 'approved' }, cookie),
  );
  if (decided.status !== 303) throw new Error(`the approval was refused (${decided.status})`);
}

/** Addresses of the sign-offs in the person's inbox. */
export async function waitingSignoffs(origin: string, person: Approver): Promise<readonly string[]> {
  const inbox = await (await fetch(`${origin}/console/`, { headers: { cookie: await signIn(origin, person) } })).text();
  return [...new Set(inbox.match(/\/console\/signoffs\/so_[0-9a-f-]{36}/g))].map((path) => `${origin}${path}`);
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

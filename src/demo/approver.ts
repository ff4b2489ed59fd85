/** Plays the approver in the browser's stead: the same sign-in, page and form a person uses. */
export async function approveAsPerson(
  origin: string,
  url: string,
  person: { readonly id: string; readonly password: string },
): Promise<void> {
  const form = (fields: Record<string, string>, cookie = '') => ({
    method: 'POST',
    redirect: 'manual' as const,
    headers: { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });
  const signedIn = await fetch(`${origin}/console/sign-in`, form({ ...person, next: '/console/' }));
  const cookie = signedIn.headers.get('set-cookie')?.split(';', 1)[0];
  if (signedIn.status !== 303 || cookie === undefined) throw new Error('the approver could not sign in');
  const page = await (await fetch(url, { headers: { cookie } })).text();
  const value = (name: string) =>
    new RegExp(`name="${name}" value="([^"]*)"`).exec(page.slice(page.indexOf('Your decision')))?.[1] ?? '';
  const decided = await fetch(
    url,
    form({ csrf: value('csrf'), plan_digest: value('plan_digest'), decision: 'approved' }, cookie),
  );
  if (decided.status !== 303) throw new Error(`the approval was refused (${decided.status})`);
}

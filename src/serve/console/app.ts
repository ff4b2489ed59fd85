import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Refusal } from '../../../protocol/base/errors.ts';
import { PROBLEMS } from '../../../protocol/base/errors.ts';
import type { Terms } from '../../../protocol/operation.ts';
import { agreedOffer } from '../../engine/agreement.ts';
import type { Operation } from '../../engine/operation.ts';
import type { PersonsWord } from '../../negotiation/person.ts';
import { type Desk, INBOX_PAGE } from './desk.ts';
import { inboxPage, placeAfter, readPlace, type Waiting } from './inbox.ts';
import { type Html, layout } from './layout.ts';
import { operationPage, operationsPage, signInPage, signoffPage } from './pages.ts';
import { type Session, type Sessions, sameText } from './session.ts';
import { STYLE } from './style.ts';
import { openOffer } from './talk.ts';
import { type Returned, readTerms } from './terms-form.ts';

const FORM_BYTES_MAX = 16_384;
/** Half a year. */
const DEVICE_SECONDS = 180 * 86_400;
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: browsers would then send `Origin: null` with the forms, which must be refused.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
} as const;

export interface ConsoleDeps {
  readonly desk: Desk;
  readonly sessions: Sessions;
  readonly origin: string;
  /** Where a request comes from. */
  readonly addressOf: (c: Context) => string;
}

/** The people's pages. A GET never decides; a POST needs a session, this session's token and this origin. */
export function makeConsole({ desk, sessions, origin, addressOf }: ConsoleDeps): Hono {
  const app = new Hono();
  const secure = origin.startsWith('https:');
  const cookie = secure ? '__Host-parley' : 'parley';
  const deviceCookie = secure ? '__Secure-parley-device' : 'parley-device';

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
  });

  const sessionOf = (c: Context): Session | undefined => sessions.find(getCookie(c, cookie) ?? '');
  const page = (
    c: Context,
    title: string,
    here: Parameters<typeof layout>[2],
    content: Html,
    status: 200 | 403 | 404 | 409 | 422 | 429 | 503 = 200,
  ) => c.html(layout(title, sessionOf(c), here, content), status);

  app.get('/style.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8' }));
  app.get('/sign-in', (c) => page(c, 'Sign in', 'none', signInPage(undefined, safeNext(c.req.query('next')))));

  app.post('/sign-in', async (c) => {
    const form = await readForm(c);
    if (form === undefined || !sameOrigin(c)) return page(c, 'Sign in', 'none', signInPage('wrong', '/console/'), 403);
    const next = safeNext(form.get('next') ?? undefined);
    const signed = await sessions.signIn({
      id: form.get('id') ?? '',
      password: form.get('password') ?? '',
      address: addressOf(c),
      device: getCookie(c, deviceCookie),
    });
    if ('seconds' in signed) {
      c.header('retry-after', String(signed.seconds));
      return page(c, 'Sign in', 'none', signInPage(signed, next), signed.kind === 'wait' ? 429 : 503);
    }
    if (signed.kind === 'wrong') return page(c, 'Sign in', 'none', signInPage('wrong', next), 403);
    const kept = { httpOnly: true, sameSite: 'Strict', secure } as const;
    setCookie(c, cookie, signed.token, { ...kept, path: '/', maxAge: 8 * 3_600 });
    setCookie(c, deviceCookie, signed.device, { ...kept, path: '/console/sign-in', maxAge: DEVICE_SECONDS });
    return c.redirect(next, 303);
  });

  app.post('/sign-out', async (c) => {
    const allowed = await formOfSession(c);
    if (allowed === undefined) return c.text('Forbidden', 403);
    sessions.signOut(getCookie(c, cookie) ?? '');
    return c.redirect('/console/sign-in', 303);
  });

  app.use(async (c, next) => {
    if (sessionOf(c) !== undefined || !['GET', 'HEAD'].includes(c.req.method)) return next();
    return c.redirect(`/console/sign-in?next=${encodeURIComponent(c.req.path)}`, 303);
  });

  app.get('/', async (c) => {
    const after = readPlace(c.req.query('after'));
    const { operations, total } = desk.inbox(after);
    const last = operations.length < INBOX_PAGE ? undefined : operations.at(-1);
    const waiting: Waiting = {
      operations,
      total,
      known: await desk.known(operations),
      next: last === undefined ? undefined : `/console/?after=${encodeURIComponent(placeAfter(last))}`,
      isFirst: after === undefined,
      now: desk.now(),
    };
    const condition = { closed: desk.closed(), crm: desk.crm(), model: desk.model() };
    return page(c, 'Inbox', 'inbox', inboxPage(waiting, condition));
  });
  app.get('/operations', async (c) => {
    const [operations, scheduled] = [desk.operations(), desk.scheduled()];
    const known = await desk.known([...scheduled, ...operations]);
    return page(c, 'Operations', 'operations', operationsPage(operations, scheduled, known));
  });
  app.get('/operations/:id', (c) => showOperation(c, c.req.param('id')));

  app.post('/operations/:id/cancel', async (c) => {
    const allowed = await formOfSession(c);
    if (allowed === undefined) return c.text('Forbidden', 403);
    const id = c.req.param('id');
    const cancelled = await desk.cancel(id, allowed.form.get('reason') ?? '', allowed.session.person);
    if (cancelled.ok) return c.redirect(`/console/operations/${id}`, 303);
    return showOperation(c, id, { problem: toPerson(cancelled.error) });
  });

  app.post('/operations/:id/settle', async (c) => {
    const allowed = await formOfSession(c);
    if (allowed === undefined) return c.text('Forbidden', 403);
    const id = c.req.param('id');
    const { form, session } = allowed;
    const operation = desk.operation(id);
    if (operation === undefined) return c.notFound();
    const outcome = desk.outcomes(operation).find((each) => each === form.get('outcome'));
    const returned = { form };
    if (outcome === undefined)
      return showOperation(c, id, { problem: 'Say what became of it.', returned, status: 422 });
    const words = { outcome, message: form.get('message') ?? '', note: (form.get('note') ?? '').slice(0, 2_000) };
    const settled = await desk.settle(id, words, session.person);
    if (settled.ok) return c.redirect(`/console/operations/${id}`, 303);
    return showOperation(c, id, { problem: toPerson(settled.error), returned });
  });

  app.post('/operations/:id/talk', async (c) => {
    const allowed = await formOfSession(c);
    if (allowed === undefined) return c.text('Forbidden', 403);
    const id = c.req.param('id');
    const operation = desk.operation(id);
    if (operation === undefined) return c.notFound();
    const { form, session } = allowed;
    const declined = form.get('decision') === 'declined';
    const read = readTerms(form, besideOf(operation, openOffer(operation)?.terms));
    if (!declined && read.kind !== 'terms') return showOperation(c, id, { returned: { form, read } });
    const word: PersonsWord =
      declined || read.kind !== 'terms'
        ? { kind: 'declined', reason: form.get('reason') ?? '' }
        : { kind: 'offer', terms: read.terms, message: form.get('message') ?? '' };
    const said = await desk.say(id, word, session.person);
    if (said.ok) return c.redirect(`/console/operations/${id}`, 303);
    return showOperation(c, id, { problem: toPerson(said.error), returned: { form } });
  });
  app.get('/signoffs/:id', (c) => showSignoff(c, c.req.param('id')));

  app.post('/signoffs/:id', async (c) => {
    const allowed = await formOfSession(c);
    if (allowed === undefined) return c.text('Forbidden', 403);
    const { form, session } = allowed;
    const id = c.req.param('id');
    const operation = desk.bySignoff(id);
    const kind = (['approved', 'rejected', 'countered'] as const).find((each) => each === form.get('decision'));
    if (operation === undefined || kind === undefined) return c.notFound();
    const [reason, message] = [form.get('reason'), form.get('message')?.trim() ?? ''];
    const read = kind === 'countered' ? readTerms(form, besideOf(operation, agreedOffer(operation)?.terms)) : undefined;
    if (read !== undefined && read.kind !== 'terms') return showSignoff(c, id, { returned: { form, read } });
    const decided = await desk.decide(
      operation.id,
      {
        signoff: id,
        planDigest: form.get('plan_digest') ?? '',
        kind,
        ...(reason === null ? {} : { reason: reason.slice(0, 2_000) }),
        ...(kind !== 'approved' && message !== '' ? { message } : {}),
        ...(read === undefined ? {} : { terms: read.terms }),
      },
      session.person,
    );
    if (decided.ok) return c.redirect(`/console/signoffs/${id}`, 303);
    return showSignoff(c, id, { problem: toPerson(decided.error), returned: { form } });
  });

  async function showOperation(c: Context, id: string, answered: Answered = {}) {
    const { problem, returned } = answered;
    const session = sessionOf(c);
    const operation = desk.operation(id);
    if (operation === undefined || session === undefined) return c.notFound();
    const known = (await desk.known([operation]))(operation);
    const outcomes = desk.outcomes(operation);
    const content = operationPage(operation, { session, problem, returned, known, outcomes });
    return page(c, operation.action, 'operations', content, statusOf(answered));
  }

  async function showSignoff(c: Context, id: string, { problem, returned }: Answered = {}) {
    const session = sessionOf(c);
    const operation = desk.bySignoff(id);
    const signoff = operation?.signoffs.find((each) => each.id === id);
    if (operation === undefined || signoff === undefined || session === undefined) return c.notFound();
    return page(
      c,
      'Sign-off',
      'inbox',
      signoffPage(operation, signoff, {
        session,
        words: desk.words(operation),
        problem,
        returned,
        claims: desk.claims(operation),
        known: (await desk.known([operation]))(operation),
        ended: await desk.ended(operation),
      }),
      statusOf({ problem, returned }),
    );
  }

  async function formOfSession(c: Context): Promise<{ form: URLSearchParams; session: Session } | undefined> {
    const session = sessionOf(c);
    const form = await readForm(c);
    if (session === undefined || form === undefined || !sameOrigin(c)) return undefined;
    return sameText(form.get('csrf') ?? '', session.csrf) ? { form, session } : undefined;
  }

  /** Browsers send Origin with every POST; a form of another site has another one, and none is refused as well. */
  function sameOrigin(c: Context): boolean {
    const site = c.req.header('sec-fetch-site');
    return c.req.header('origin') === origin && (site === undefined || site === 'same-origin');
  }

  app.notFound((c) => c.text('Not found', 404));
  return app;
}

async function readForm(c: Context): Promise<URLSearchParams | undefined> {
  if (!/^application\/x-www-form-urlencoded/i.test(c.req.header('content-type') ?? '')) return undefined;
  if (
    Number(c.req.header('content-length') ?? Number.NaN) > FORM_BYTES_MAX ||
    c.req.header('content-length') === undefined
  )
    return undefined;
  return new URLSearchParams(await c.req.text());
}

/** Only a path of the console itself: never another site. */
function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/console(?:\/[A-Za-z0-9_-]+){0,3}\/?$/.test(next) ? next : '/console/';
}

/** What a page says to a form that was sent and not taken. */
interface Answered {
  readonly problem?: string | undefined;
  readonly returned?: Returned | undefined;
  readonly status?: 422;
}

function statusOf({ problem, returned, status }: Answered): 200 | 409 | 422 {
  if (status !== undefined) return status;
  if (returned?.read !== undefined) return 422;
  return problem === undefined ? 200 : 409;
}

/** The refusal, for a person. */
function toPerson({ code, detail }: Refusal): string {
  return detail ?? PROBLEMS[code][1];
}

function besideOf({ negotiation }: Operation, asked: Terms | undefined) {
  return { asked: asked ?? {}, today: negotiation?.facts ?? {} };
}

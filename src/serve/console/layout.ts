import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Session } from './session.ts';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export function layout(
  title: string,
  session: Session | undefined,
  here: 'inbox' | 'operations' | 'none',
  content: Html,
): Html {
  const link = (path: string, name: string, current: boolean) =>
    html`<a href="/console${path}"${current ? html` aria-current="page"` : ''}>${name}</a>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Parley</title>
<link rel="stylesheet" href="/console/style.css">
</head>
<body>
${
  session === undefined
    ? ''
    : html`<header class="top"><b>Parley</b>
<nav aria-label="Main">${link('/', 'Inbox', here === 'inbox')}${link('/operations', 'Operations', here === 'operations')}</nav>
<span class="who">${session.person.name}</span>
<form method="post" action="/console/sign-out"><input type="hidden" name="csrf" value="${session.csrf}"><button class="plain">Sign out</button></form></header>`
}
<main>${content}</main>
</body>
</html>`;
}

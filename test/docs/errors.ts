/** docs/errors.md, made from the one table of refusals and from what each binding makes of them. */
import { PROBLEMS, type ProblemCode, refusal, toProblem } from '../../protocol/base/errors.ts';
import { URN } from '../../protocol/base/names.ts';
import { inToolWords } from '../../protocol/words/tool-words.ts';
import { a2aError, refusedIn, rpcErrorOf } from '../../src/serve/a2a/errors.ts';
import { table } from './table.ts';

const CODES = (Object.keys(PROBLEMS) as ProblemCode[]).toSorted((a, b) => statusOf(a) - statusOf(b));

export function errorsPage(): string {
  const all = CODES.map((code) => [String(statusOf(code)), `\`${code}\``, PROBLEMS[code][1], nextOf(code)]);
  const tools = CODES.flatMap((code) => {
    const told = nextInTools(code);
    return told === nextOf(code) ? [] : [[`\`${code}\``, told]];
  });
  return `${HEAD}
${table(['status', 'code', 'what was wrong', 'what to do next'], all)}

${A2A_HEAD}
${table(['error', 'code', 'of'], a2aRows())}

${TOOLS_HEAD}
${table(['code', 'what to do next'], tools)}
`;
}

function statusOf(code: ProblemCode): number {
  return PROBLEMS[code][0];
}

const nextOf = (code: ProblemCode): string => PROBLEMS[code][2];

/** The errors that A2A has, with the problems that are told as each. */
function a2aRows(): string[][] {
  const byError = Map.groupBy(CODES, (code) => JSON.stringify(inA2a(code)));
  const most = Math.max(...[...byError.values()].map(({ length }) => length));
  return [...byError].map(([error, codes]) => {
    const [name, number]: string[] = JSON.parse(error);
    const isServers = codes.every((code) => statusOf(code) >= 500);
    const others = codes.length === most ? 'all others' : 'all of 500 and more';
    return [
      name ?? '',
      number ?? '',
      isServers || codes.length === most ? others : codes.map((each) => `\`${each}\``).join(', '),
    ];
  });
}

function inA2a(code: ProblemCode): readonly [name: string, code: string] {
  if (code === 'malformed-json')
    return ['JSON-RPC parse error', codeOf(refusedIn('rpc', refusal(code), { status: 400, id: null }))];
  const error = a2aError(refusal(code), code === 'not-found' ? 'task' : 'message');
  const name = statusOf(code) < 500 ? error.name : 'internal error';
  return [name, codeOf({ error: rpcErrorOf(error) })];
}

function codeOf(answer: object): string {
  const error: unknown = Reflect.get(answer, 'error');
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** An argument's right form depends on the tool: it is left open here. */
function nextInTools(code: ProblemCode): string {
  const problem = inToolWords(toProblem(refusal(code)), { name: 'the tool', example: {} });
  return String(problem['next']).replaceAll('{}', '…');
}

const HEAD = `# Problems

<!-- Made by \`npm run docs\` from protocol/base/errors.ts. -->

Every refusal is a problem (RFC 9457): \`type\` is \`${URN}:problem:<code>\`, \`title\` what was wrong, \`status\` the HTTP status, \`detail\` where exactly, and \`next\`
what to do about it. A code never changes its meaning. New ones may come: \`status\` says what kind an unknown one is of.

| binding | where it stands |
| --- | --- |
| HTTP | \`application/problem+json\`; the time to wait in \`Retry-After\` |
| MCP | a tool result with \`isError\`: words for the model, the problem in \`_meta["${URN}:problem"]\`; the time to wait in \`retry_after\` |
| A2A | an error of A2A's, whose \`ErrorInfo.metadata\` has the \`problem\` type, \`next\` and \`retry_after\` |
| an operation that has ended | its \`problem\` member, in every binding |

Nothing of a refused request was done. 429, 500, 503 and 507 pass by themselves: repeat the request with the same Idempotency-Key, after \`Retry-After\`. All others need what
\`next\` says first. The two of 502 stand in an operation that has ended: \`not-carried-out\` is over without effect, \`outcome-unknown\` may have been done.

## All of them
`;

const A2A_HEAD = `## As errors of A2A
`;

const TOOLS_HEAD = `## In the words of tools

Where a model acts by MCP tools, \`next\` names tools and arguments instead:
`;

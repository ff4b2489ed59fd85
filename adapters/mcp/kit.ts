/** The tools of an MCP server under the conformance kit: the sandbox CRM behind tools, in a process of its own, which can fail on order. */
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { KitSubject, Rig } from '../conformance/subject.ts';
import { openSandboxRig } from '../sandbox/server/rig.ts';
import { makeMcpAdapter } from './index.ts';
import { GUARDED_MAPPING, MAPPING } from './rig/mapping.ts';
import { READS } from './server/tools.ts';

const TOKEN = 'mcp-kit-token-3c7d';

export const subjects: readonly KitSubject[] = [
  { name: 'mcp (lookup)', open: () => open(MAPPING) },
  { name: 'mcp (guard)', open: () => open(GUARDED_MAPPING) },
  // What an MCP server promises as a rule: nothing.
  { name: 'mcp (none)', open: () => open({ ...MAPPING, idempotency: 'none' }, BLIND) },
];

/** The engine never writes again where nothing is guaranteed, so that this costs a person a look and nothing else. */
const BLIND = { 'stale-read': 'without keys, a record from before a write is one that was never written' };

const open = (mapping: JsonObject, unsupported: Rig['unsupported'] = {}) =>
  openSandboxRig({
    unsupported,
    token: TOKEN,
    entry: fileURLToPath(new URL('./server/main.ts', import.meta.url)),
    // Everything is posted to one address: what a message calls tells what it does.
    writes: (_method, _path, body = '') => {
      const [, tool] = /"method":"tools\/call".*?"name":"([^"]+)"/.exec(body) ?? [];
      return tool !== undefined && !READS.has(tool);
    },
    makeAdapter(origin, { token, timeoutMs, dispatcher }) {
      const made = makeMcpAdapter({
        url: `${origin}/mcp`,
        mapping,
        recipes: [],
        auth: { token },
        allowPrivate: true,
        dispatcher,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      if (!made.ok) throw new Error(made.error.join('\n'));
      return made.value;
    },
  });

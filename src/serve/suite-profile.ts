import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import type { Server } from '@modelcontextprotocol/server';
import type { Caller } from '../identity/signature/authenticate.ts';
import type { Sessions } from './mcp/app.ts';
import type { McpHandlers } from './mcp/server.ts';

/** What independent suites need put in front of the gateway's own answers, behind the same limits, checks and proof of the caller. The
 * only seam they have, and nothing else uses it: an ordinary gateway is composed without. */
export interface SuiteProfile {
  /** Who is believed to ask when nothing says who. */
  readonly anyone: Caller;
  readonly mcp: (own: McpHandlers, server: Server) => McpHandlers;
  readonly mcpSessions: Sessions;
  readonly a2a: (own: A2ARequestHandler) => A2ARequestHandler;
}

/** Sessions for the revisions before 2026-07-28, which some scenarios of the suite need: the gateway itself serves those stateless. */
import { type Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { Sessions } from '../../../src/serve/mcp/app.ts';

const SESSIONS_MAX = 200;
const HEADER = 'mcp-session-id';

export function makeSessions(newId: () => string): Sessions {
  const open = new Map<string, WebStandardStreamableHTTPServerTransport>();

  async function begin(makeServer: () => Server): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: newId,
      onsessioninitialized: (id) => void keep(id, transport),
      onsessionclosed: (id) => void open.delete(id),
    });
    await makeServer().connect(transport);
    return transport;
  }

  function keep(id: string, transport: WebStandardStreamableHTTPServerTransport): void {
    const [oldest] = open;
    if (open.size >= SESSIONS_MAX && oldest !== undefined) {
      open.delete(oldest[0]);
      void oldest[1].close();
    }
    open.set(id, transport);
  }

  return async (request, parsedBody, makeServer) => {
    const id = request.headers.get(HEADER);
    const known = id === null ? undefined : open.get(id);
    if (id !== null && known === undefined) {
      const error = { code: -32_001, message: 'There is no such session.' };
      return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 404 });
    }
    return (known ?? (await begin(makeServer))).handleRequest(request, parsedBody === undefined ? {} : { parsedBody });
  };
}

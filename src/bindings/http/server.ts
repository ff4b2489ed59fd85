import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type Refusal, toProblem } from '../../../protocol/errors.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { checkRequestLine } from '../../edge/raw-request.ts';
import type { Log } from '../../ports.ts';

type Fetch = Parameters<typeof getRequestListener>[0];

/** The HTTP server: Node's parser with every limit set, and what Node lets through but RFC 9110 and 9112 do not, refused before routing. */
export function makeServer(fetch: Fetch, authorities: ReadonlySet<string>, log: Log): Server {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytesMax,
      headersTimeout: LIMITS.headersTimeoutSeconds * 1000,
      requestTimeout: LIMITS.requestTimeoutSeconds * 1000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 30_000,
      requireHostHeader: true,
      insecureHTTPParser: false,
    },
    (request, response) => {
      const checked = checkRequestLine(request.method ?? '', request.url ?? '', request.rawHeaders, authorities);
      if (checked.ok) void listener(request, response);
      else refuse(request, response, checked.error, log);
    },
  );
  server.maxConnections = LIMITS.connectionsMax;
  // One more than we allow, so that the excess is seen and refused, not silently dropped.
  server.maxHeadersCount = LIMITS.headerFieldsMax + 1;
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    refuse(request, response, { code: 'expectation-failed' }, log);
  });
  return server;
}

/** The connection is closed after such a refusal: what follows on it can not be trusted to be a new request. */
function refuse(request: IncomingMessage, response: ServerResponse, refused: Refusal, log: Log): void {
  const problem = toProblem(refused);
  log('refused', { code: refused.code, method: request.method ?? '' });
  response.writeHead(Number(problem['status']), { 'content-type': 'application/problem+json', 'cache-control': 'no-store', connection: 'close' });
  response.end(JSON.stringify(problem));
}

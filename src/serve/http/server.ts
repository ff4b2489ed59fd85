import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { type ProblemCode, type Refusal, toProblem } from '../../../protocol/base/errors.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { checkRequestLine } from '../../edge/raw-request.ts';
import type { Log } from '../../ports.ts';

type Fetch = Parameters<typeof getRequestListener>[0];

/** The HTTP server: Node's parser with every limit set, and what Node lets through but RFC 9110 and 9112 do not, refused before routing. */
export function makeServer(fetch: Fetch, authorities: ReadonlySet<string>, log: Log): Server {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  // Node hands over what was pipelined behind a refused request although that answer closes the connection.
  const closing = new WeakSet<Duplex>();
  const refuseAndClose = (request: IncomingMessage, response: ServerResponse, refused: Refusal) => {
    closing.add(request.socket);
    refuse(request, response, refused, log);
  };
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytesMax,
      headersTimeout: LIMITS.headersTimeoutSeconds * 1000,
      requestTimeout: LIMITS.requestTimeoutSeconds * 1000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 30_000,
      // Checked with the request line, so that its absence is a problem document like every other.
      requireHostHeader: false,
      insecureHTTPParser: false,
    },
    (request, response) => {
      if (closing.has(request.socket)) return;
      const checked = checkRequestLine(request.method ?? '', request.url ?? '', request.rawHeaders, authorities);
      if (checked.ok) void listener(request, response);
      else refuseAndClose(request, response, checked.error);
    },
  );
  server.maxConnections = LIMITS.connectionsMax;
  // One more than we allow, so that the excess is seen and refused, not silently dropped.
  server.maxHeadersCount = LIMITS.headerFieldsMax + 1;
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (!closing.has(request.socket)) refuseAndClose(request, response, { code: 'expectation-failed' });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseUnparsed(error, socket, log));
  return server;
}

/** The connection is closed after such a refusal: what follows on it can not be trusted to be a new request. */
function refuse(request: IncomingMessage, response: ServerResponse, refused: Refusal, log: Log): void {
  const problem = toProblem(refused);
  log('refused', { code: refused.code, method: request.method ?? '' });
  response.writeHead(Number(problem['status']), {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(JSON.stringify(problem));
}

/** What Node's parser could not read at all, or not in time: there is no response object, so the answer is written by hand. */
function refuseUnparsed({ code = '' }: NodeJS.ErrnoException, socket: Duplex, log: Log): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = toProblem({ code: UNPARSED[code] ?? 'malformed-request' });
  log('refused', { code: UNPARSED[code] ?? 'malformed-request', parser: code });
  const body = JSON.stringify(problem);
  const status = Number(problem['status']);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/problem+json',
    'cache-control: no-store',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const UNPARSED: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'header-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

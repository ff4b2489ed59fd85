/** Sends, and counts bytes as they are on the wire. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flood, Sent } from './kinds.ts';

export interface Answered {
  readonly status: number;
  readonly retryAfterMs: number;
  readonly ms: number;
}

export interface Poured {
  readonly requests: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly statuses: ReadonlyMap<number, number>;
}

export async function ask(origin: string, sent: Sent, agent?: Agent, sockets?: Set<Socket>): Promise<Answered> {
  const { hostname, port } = new URL(origin);
  const started = performance.now();
  const length = sent.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent.body)) };
  const outgoing = request({
    host: hostname,
    port,
    method: sent.method,
    path: sent.path,
    headers: { ...sent.headers, ...length },
    ...(agent === undefined ? {} : { agent }),
  });
  outgoing.on('socket', (socket) => sockets?.add(socket));
  outgoing.end(sent.body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  incoming.resume();
  await once(incoming, 'end');
  const retryAfterMs = Number(incoming.headers['retry-after'] ?? 0) * 1_000;
  return { status: incoming.statusCode ?? 0, retryAfterMs, ms: performance.now() - started };
}

/** Whether or not it is told to wait: a flood does not. */
export async function pour(
  origin: string,
  flood: Pick<Flood, 'connections' | 'next'>,
  until: () => boolean,
): Promise<Poured> {
  const agent = new Agent({ keepAlive: true, maxSockets: flood.connections });
  const sockets = new Set<Socket>();
  const statuses = new Map<number, number>();
  let at = 0;
  const connection = async () => {
    while (!until()) {
      at += 1;
      const { status } = await ask(origin, flood.next(at), agent, sockets).catch(() => ({ status: 0 }));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 0) await sleep(10);
    }
  };
  await Promise.all(Array.from({ length: flood.connections }, connection));
  const sum = (of: (socket: Socket) => number) => [...sockets].reduce((all, socket) => all + of(socket), 0);
  const poured = { requests: at, bytesOut: sum((s) => s.bytesWritten), bytesIn: sum((s) => s.bytesRead), statuses };
  agent.destroy();
  return poured;
}

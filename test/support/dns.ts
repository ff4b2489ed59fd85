/** A DNS server on loopback that knows a few names (`*.a.test`: all that end so), says of others that they are not, and never answers for `silent.test`. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface TestDns {
  /** `address:port`. */
  readonly server: string;
  /** Names it was asked for, in order. */
  readonly asked: readonly string[];
  close(): void;
}

const TYPE = { 1: 'A', 28: 'AAAA' } as const;

export async function answeringDns(names: Readonly<Record<string, readonly string[]>>): Promise<TestDns> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, from) => {
    const { name, type, end } = questionOf(query);
    asked.push(name);
    if (name.endsWith('silent.test')) return;
    const known = names[name] ?? names[`*${name.slice(name.indexOf('.'))}`];
    const wanted = (known ?? []).filter((each) => isIPv6(each) === (type === TYPE[28]));
    const flags = known === undefined ? 0x8183 : 0x8180;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(flags, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(wanted.length, 6);
    socket.send(Buffer.concat([header, query.subarray(12, end), ...wanted.map(recordOf)]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { server: `127.0.0.1:${socket.address().port}`, asked, close: () => void socket.close() };
}

function questionOf(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const number = query.readUInt16BE(at + 1);
  return { name: labels.join('.').toLowerCase(), type: number === 1 || number === 28 ? TYPE[number] : '', end: at + 5 };
}

/** A pointer to the question's name, class IN, a minute. */
function recordOf(address: string): Buffer {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(bytes.length === 4 ? 1 : 28, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([record, bytes]);
}

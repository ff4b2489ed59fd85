import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answeringDns } from '../../test/support/dns.ts';
import { hostsFile, makeNames } from './names.ts';

let silent: Socket;
let dns: Awaited<ReturnType<typeof answeringDns>>;
beforeAll(async () => {
  silent = createSocket('udp4');
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
  dns = await answeringDns({ 'good.test': ['192.0.2.7'], 'both.test': ['192.0.2.8', '2001:db8::8'] });
});
afterAll(() => {
  silent.close();
  dns.close();
});

describe('names that strangers chose', () => {
  it('D4: in a silent zone take no thread of the machine, and end in time', async () => {
    const names = makeNames({ servers: [`127.0.0.1:${silent.address().port}`] });
    const started = performance.now();
    const hanging = Array.from({ length: 64 }, (_, n) => names(`a${n}.silent.test`).catch(({ code }) => String(code)));
    // The CRM's own look-up goes where those of the machine go.
    await lookup('localhost');
    expect(performance.now() - started).toBeLessThan(500);
    expect(new Set(await Promise.all(hanging))).toEqual(new Set(['ETIMEOUT']));
    expect(performance.now() - started).toBeLessThan(3_200);
  }, 10_000);

  it('D4: in a silent zone delay no others, asked of the same server', async () => {
    const names = makeNames({ servers: [dns.server] });
    const hanging = Array.from({ length: 64 }, (_, n) => names(`a${n}.silent.test`).catch(() => undefined));
    const started = performance.now();
    expect(await names('good.test')).toEqual([{ address: '192.0.2.7' }]);
    expect(performance.now() - started).toBeLessThan(1_000);
    await Promise.all(hanging);
  }, 10_000);

  it('have all their addresses, and none where there are none', async () => {
    const names = makeNames({ servers: [dns.server] });
    const found = await names('BOTH.test.');
    expect(found.map(({ address }) => address).sort()).toEqual(['192.0.2.8', '2001:db8::8']);
    await expect(names('none.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('that mean this machine are asked of nobody, and the company may have names of its own', async () => {
    const names = makeNames({ servers: ['127.0.0.1:9'], hosts: new Map([['desk.test', ['192.0.2.9']]]) });
    expect(await names('localhost')).toEqual([{ address: '127.0.0.1' }, { address: '::1' }]);
    expect(await names('desk.test')).toEqual([{ address: '192.0.2.9' }]);
    expect(hostsFile('/none').size).toBe(0);
  });
});

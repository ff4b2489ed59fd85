/** A gateway as a process of its own, a CRM beside it, and the servers that a flood points at: directories that answer, that hang, that are
 * large, an authorisation server, and a DNS server with a zone that is silent. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { freePort, gatewayProcess } from '../../demo/process.ts';
import { type AgentKey, newAgentKey } from '../../src/client/index.ts';
import { testConfig } from '../../test/support/config.ts';
import { answeringDns } from '../../test/support/dns.ts';

const PROFILE_BYTES = 129_000;
const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4_096;

export interface FloodStage {
  readonly origin: string;
  /** Of the directories' server: any name under `new.test`, `flood.test` and `hang.test` leads to it. */
  readonly directoriesPort: number;
  /** A new agent’s key, in the directory of every host under `new.test`. */
  readonly newcomer: AgentKey;
  /** What the gateway's process has used so far. */
  used(): { readonly cpuMs: number; readonly rssBytes: number };
  strike(): Promise<void>;
}

export async function setFloodStage(): Promise<FloodStage> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-floods-'));
  const loopback = ['127.0.0.1'];
  const dns = await answeringDns({ '*.new.test': loopback, '*.flood.test': loopback, '*.hang.test': loopback });
  const newcomer = await newAgentKey();
  const directories = await startDirectories(newcomer);
  const crm = await spawnSandbox({ db: join(directory, 'crm.db'), token: randomBytes(24).toString('base64url') });
  const origin = `http://127.0.0.1:${await freePort()}`;
  const config = await testConfig({
    origin,
    // What follows an answer is held to one operation at a time, as a CRM's rate limit would hold it.
    crm: { adapter: 'sandbox', origin: crm.origin, concurrency: 1 },
    principal: await newAgentKey(),
    subjects: ['contact:C-1001'],
    accounts: ['A-1001'],
  });
  const path = join(directory, 'parley.json');
  const directoriesPort = (directories.address() as AddressInfo).port;
  // An authorisation server that is asked about tokens it can read alone, and stands for none.
  const introspection = { url: `http://127.0.0.1:${directoriesPort}/introspect`, client_id: 'gateway' };
  const issuers = [{ iss: 'https://as.example', tier: 'company', introspection }];
  writeFileSync(path, JSON.stringify({ ...config, stranger_dns: [dns.server], token_issuers: issuers }));
  const secrets = { PARLEY_CRM_TOKEN: crm.token, PARLEY_INTROSPECTION_SECRET: randomBytes(24).toString('base64url') };
  const gateway = gatewayProcess(path, secrets);
  await gateway.start();
  return {
    origin,
    directoriesPort,
    newcomer,
    used: () => usedBy(gateway.pid() ?? 0),
    async strike() {
      await gateway.kill();
      await crm.stop();
      dns.close();
      directories.closeAllConnections();
      directories.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function startDirectories(newcomer: AgentKey) {
  const filler = {
    ucp: { version: '2026-04-08', services: { filler: 'x'.repeat(PROFILE_BYTES) }, capabilities: {} },
    keys: [],
  };
  const large = JSON.stringify(filler).slice(0, -1).concat('}');
  const own = JSON.stringify({ keys: [newcomer.publicJwk] });
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { host = '' } = request.headers;
    if (host.includes('hang.test')) return;
    if (request.url === '/introspect') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":false}');
      return;
    }
    const isProfile = request.url?.startsWith('/profile') === true;
    const type = isProfile ? 'application/json' : 'application/http-message-signatures-directory+json';
    response.writeHead(200, { 'content-type': type });
    response.end(isProfile ? large : own);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** From Linux' own accounts: user and system time in ticks, resident pages (proc(5)). */
function usedBy(pid: number): { readonly cpuMs: number; readonly rssBytes: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpuMs: (ticks * 1_000) / TICKS_A_SECOND, rssBytes: Number(fields[21]) * PAGE_BYTES };
}

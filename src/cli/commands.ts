/** Every command of `parley`: what the list says of it, and its module, which is read only when it is asked for. */
import type { Io } from './exit.ts';

export interface CommandIo extends Io {
  readonly readFile: (path: string) => Promise<string>;
}

interface Loaded {
  readonly usage: string;
  readonly run: (args: readonly string[], io: CommandIo) => number | Promise<number>;
}

/** Who reads the list of commands, in its order. */
export const READERS = {
  operator: 'To run a gateway',
  approver: 'To decide for the company',
  integrator: 'To fit it to the company',
  agent: 'To act for a customer',
  anyone: 'To check what was done',
} as const;

export interface Command {
  readonly name: string;
  readonly reader: keyof typeof READERS;
  readonly summary: string;
  readonly load: () => Promise<Loaded>;
  /** What it opened may keep the process from ending: it is ended. */
  readonly isEnded?: true;
}

const records = (name: 'agents' | 'mandates' | 'revocations', summary: string): Command => ({
  name,
  reader: 'operator',
  summary,
  load: async () => {
    const { RECORDS_USAGE, recordsCommand } = await import('./records.ts');
    return { usage: RECORDS_USAGE[name], run: (args, io) => recordsCommand(name, args, io) };
  },
});

export const COMMANDS: readonly Command[] = [
  {
    name: 'start',
    reader: 'operator',
    summary: 'run the gateway',
    load: () =>
      import('./start.ts').then(({ START_USAGE: usage, startCommand }) => ({
        usage,
        run: (args) => startCommand(args),
      })),
  },
  {
    name: 'config',
    reader: 'operator',
    summary: 'every mistake of a configuration at once',
    load: () => import('./config.ts').then(({ CONFIG_USAGE: usage, configCommand: run }) => ({ usage, run })),
  },
  {
    name: 'mcp',
    reader: 'agent',
    summary: 'MCP on standard input and output, signing for an AI client',
    load: () => import('./mcp.ts').then(({ MCP_USAGE: usage, mcpCommand: run }) => ({ usage, run })),
  },
  {
    name: 'verify',
    reader: 'anyone',
    summary: 'check a receipt offline',
    load: () => import('./verify.ts').then(({ VERIFY_USAGE: usage, verifyCommand: run }) => ({ usage, run })),
  },
  {
    name: 'mandate',
    reader: 'operator',
    summary: 'issue a mandate to an agent’s key, as the company',
    load: () => import('./mandate.ts').then(({ MANDATE_USAGE: usage, mandateCommand: run }) => ({ usage, run })),
  },
  {
    name: 'revoke',
    reader: 'operator',
    summary: 'take back a key, a mandate, or all of a subject, an issuer or a client',
    load: () => import('./revoke.ts').then(({ REVOKE_USAGE: usage, revokeCommand: run }) => ({ usage, run })),
  },
  records('agents', 'the agents that registered'),
  records('mandates', 'the mandates that were issued here or used'),
  records('revocations', 'what was taken back'),
  {
    name: 'password',
    reader: 'approver',
    summary: 'hash an approver’s password read from standard input',
    load: () => import('./password.ts').then(({ PASSWORD_USAGE: usage, passwordCommand: run }) => ({ usage, run })),
  },
  {
    name: 'keys',
    reader: 'operator',
    summary: 'a new key for one purpose; what the old one signed still verifies',
    load: () => import('./keys.ts').then(({ KEYS_USAGE: usage, keysCommand: run }) => ({ usage, run })),
  },
  {
    name: 'log',
    reader: 'operator',
    summary: 'hold the whole log and every receipt in the database to what was signed',
    load: () => import('./log.ts').then(({ LOG_USAGE: usage, logCommand: run }) => ({ usage, run })),
  },
  {
    name: 'outbox',
    reader: 'operator',
    summary: 'messages that no endpoint took, and sending them again',
    load: () => import('./outbox.ts').then(({ OUTBOX_USAGE: usage, outboxCommand: run }) => ({ usage, run })),
  },
  {
    name: 'action',
    reader: 'integrator',
    summary: 'the actions, and what one of your own still lacks',
    load: () => import('./action.ts').then(({ ACTION_USAGE: usage, actionCommand: run }) => ({ usage, run })),
  },
  {
    name: 'adapter',
    reader: 'integrator',
    summary: 'a CRM adapter to start from, and holding one to what it promises',
    load: () => import('./adapter.ts').then(({ ADAPTER_USAGE: usage, adapterCommand: run }) => ({ usage, run })),
    isEnded: true,
  },
  {
    name: 'simulate',
    reader: 'integrator',
    summary: 'try a negotiation policy on simulated agents, or on talks that took place',
    load: () => import('./simulate.ts').then(({ SIMULATE_USAGE: usage, simulateCommand: run }) => ({ usage, run })),
  },
];

#!/usr/bin/env node
/** `parley`: one word, one command. */
import { readFile } from 'node:fs/promises';
import { verifyCommand } from './verify.ts';

const [command, ...args] = process.argv.slice(2);
const io = {
  readFile: (path: string) => readFile(path, 'utf8'),
  out: (line: string) => void process.stdout.write(`${line}\n`),
  err: (line: string) => void process.stderr.write(`${line}\n`),
};

const USAGE = `parley start [CONFIG]          run the gateway (default: PARLEY_CONFIG or parley.json)
                               --accept-restore: once, after an older copy of the data was put back (docs/operating.md)
                               --profile conformance: open to independent test suites, on loopback over a sandbox CRM only
parley mcp --url GATEWAY       MCP on standard input and output, signing for an AI client
parley verify RECEIPT ...      check a receipt offline
parley adapter new NAME        a working CRM adapter to start from, in ./NAME
parley adapter check PATH ...  hold a CRM adapter to what it promises
parley simulate [CONFIG] ...   try a negotiation policy on simulated agents, or on talks that took place
parley mandate ...             issue a mandate to an agent's key, as the company
parley action check DIR        what an action of your own still lacks
parley action list             the actions, with risk and sign-off
parley log verify [CONFIG]     hold the whole log and every receipt in the database to what was signed
parley keys rotate PURPOSE     a new key for one purpose; what the old one signed still verifies
parley revoke KIND ID [WHY]    take back a key, a mandate, or all of a subject, an issuer or a client
parley outbox list|replay ...  messages that no endpoint took, and sending them again
parley password                hash an approver's password read from standard input`;

async function run(): Promise<void> {
  switch (command) {
    case 'start': {
      const { startCommand } = await import('./start.ts');
      await startCommand(args);
      break;
    }
    case 'mcp': {
      const { mcpCommand } = await import('./mcp.ts');
      process.exitCode = await mcpCommand(args, io);
      break;
    }
    case 'adapter': {
      const { adapterCommand } = await import('./adapter.ts');
      const code = await adapterCommand(args, io);
      // An adapter that left something open must not keep the command from ending; what was said is written first.
      process.stdout.write('', () => process.exit(code));
      break;
    }
    case 'simulate': {
      const { simulateCommand } = await import('./simulate.ts');
      process.exitCode = await simulateCommand(args, io);
      break;
    }
    case 'action': {
      const { actionCommand } = await import('./action.ts');
      process.exitCode = await actionCommand(args, io);
      break;
    }
    case 'outbox': {
      const { outboxCommand } = await import('./outbox.ts');
      process.exitCode = outboxCommand(args, io);
      break;
    }
    case 'verify':
      process.exitCode = await verifyCommand(args, io);
      break;
    case 'log': {
      const { logCommand } = await import('./log.ts');
      process.exitCode = await logCommand(args, io);
      break;
    }
    case 'keys': {
      const { keysCommand } = await import('./keys.ts');
      process.exitCode = await keysCommand(args, io);
      break;
    }
    case 'mandate':
    case 'revoke':
    case 'password': {
      const { operatorCommand } = await import('./operator.ts');
      process.exitCode = await operatorCommand(command, args, io);
      break;
    }
    default:
      io.err(USAGE);
      process.exitCode = command === undefined || command === 'help' ? 0 : 2;
  }
}

/** What an operator can mend is told in a sentence; what only we can is thrown with its trace. */
function mendable(error: unknown): error is Error {
  return error instanceof Error && ('code' in error || !(error instanceof TypeError || error instanceof RangeError));
}

try {
  await run();
} catch (error) {
  if (!mendable(error)) throw error;
  io.err(`parley ${command ?? ''}: ${error.message}`);
  process.exitCode = error.name === 'ConfigError' ? 78 : 2;
}

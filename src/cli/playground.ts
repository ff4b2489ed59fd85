/** The playground that `npm run playground` started here: what `parley mandate --playground` knows of it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CannotDo } from './exit.ts';

/** Where the playground keeps what the examples need, below the directory that it is started in. */
export const PLAYGROUND_DIR = '.parley';
const FILE = join(PLAYGROUND_DIR, 'playground.json');

export interface Playground {
  readonly gateway: string;
  /** The gateway's data directory. */
  readonly data: string;
  /** The agent's key, and the mandate that the examples and `parley mcp` take. */
  readonly key: string;
  readonly mandate: string;
  readonly crm: { readonly origin: string; readonly token: string };
}

export function playgroundFile(playground: Playground): string {
  return JSON.stringify(playground, null, 2);
}

export const GONE = `there is no playground here: start one with npm run playground, in this directory (${FILE} says where it is)`;

/** Throws {@link CannotDo} where none is running. */
export function readPlayground(): Playground {
  if (!existsSync(FILE)) throw new CannotDo(GONE);
  const playground = readText(readFileSync(FILE, 'utf8'));
  if (playground === undefined) throw new CannotDo(`${FILE} is not what npm run playground wrote: start it again`);
  if (!existsSync(playground.data)) throw new CannotDo(GONE);
  return playground;
}

/** The first contact of this account in the playground's CRM: a mandate is a person's. */
export async function customerOf({ crm }: Playground, account: string): Promise<string> {
  const query = new URLSearchParams({ account, limit: '1' });
  const response = await fetch(`${crm.origin}/v1/contacts?${query}`, {
    headers: { authorization: `Bearer ${crm.token}` },
  }).catch(() => undefined);
  if (response?.ok !== true) throw new CannotDo(GONE);
  const { records } = Object(await response.json());
  const [first]: readonly unknown[] = Array.isArray(records) ? records : [];
  if (first === undefined)
    throw new CannotDo(
      `the playground’s CRM has no account ${account} with a contact: A-1001, A-1002 and on are there`,
    );
  return `contact:${Object(first).id}`;
}

function readText(text: string): Playground | undefined {
  try {
    const { gateway, data, key, mandate, crm } = Object(JSON.parse(text));
    const { origin, token } = Object(crm);
    const all: readonly unknown[] = [gateway, data, key, mandate, origin, token];
    return all.every((each) => typeof each === 'string')
      ? { gateway, data, key, mandate, crm: { origin, token } }
      : undefined;
  } catch {
    return undefined;
  }
}

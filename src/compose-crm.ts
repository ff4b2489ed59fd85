/** The CRM of one gateway: which adapter, and what it is given. Adapters are named here and nowhere else. */
import { makeSandboxAdapter } from '../adapters/sandbox/index.ts';
import type { Adapter } from '../adapters/sdk/index.ts';
import { type Config, ConfigError } from './config.ts';

type CrmConfig = Config['crm'];

interface Given extends CrmConfig {
  /** PARLEY_CRM_TOKEN: a token, a client secret or a private key, as `auth.method` says. */
  readonly secret: string;
  readonly allowPrivate: boolean;
}

type Factory = (given: Given) => Adapter;

const FACTORIES: Readonly<Record<CrmConfig['adapter'], Factory>> = {
  sandbox: ({ origin, secret, auth }) => {
    if (auth.method !== 'token') throw new ConfigError(['/crm/auth/method of the sandbox is token']);
    return makeSandboxAdapter({ origin, token: secret });
  },
};

/** Throws {@link ConfigError}. */
export function composeCrm({ crm, secrets, allow_private_network }: Config): Adapter {
  return FACTORIES[crm.adapter]({ ...crm, secret: secrets.crmToken, allowPrivate: allow_private_network });
}

import type { JsonObject } from '../../protocol/base/json.ts';
import type { Adapter } from './index.ts';

/** What the gateway gives an adapter that is not one of its own, from the `crm` part of its configuration. */
export interface GatewayOptions {
  /** The only origin that may be called. */
  readonly origin: string;
  /** PARLEY_CRM_TOKEN: a token, a client secret or a private key, as `auth.method` says. */
  readonly secret: string;
  /** PARLEY_CRM_REFRESH_TOKEN, for `refresh_token`. */
  readonly refreshToken?: string;
  /** Keeps the next refresh token, where the CRM gives a new one with each use: hand it to `refreshToken`. */
  readonly rotated?: (refreshToken: string) => Promise<void>;
  readonly auth: {
    readonly method: 'token' | 'client_credentials' | 'jwt_bearer' | 'refresh_token';
    readonly client_id?: string;
    readonly username?: string;
    readonly audience?: string;
  };
  readonly allowPrivate: boolean;
  /** The company's own documents. */
  readonly mapping?: JsonObject;
  readonly recipes: readonly JsonObject[];
}

/** What the file named by `crm.module` exports as `makeAdapter`. What it throws is told to the operator as a mistake of the configuration. */
export type MakeAdapter = (options: GatewayOptions) => Adapter | Promise<Adapter>;

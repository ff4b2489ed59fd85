import type { JsonObject } from '../../protocol/base/json.ts';
import type { ConfiguredTokenIssuer } from '../identity/token/oauth-issuers.ts';
import type { Level } from '../platform/json-log.ts';

/** The file as its schema (config.schema.json) describes it: every member there has a description, which is also its documentation. */
export interface ConfigFile {
  readonly origin: string;
  readonly company: string;
  readonly time_zone: string;
  readonly record_defaults: Readonly<Record<string, JsonObject>>;
  readonly listen: { readonly host: string; readonly port: number; readonly proxies: readonly string[] };
  readonly data_dir: string;
  readonly log_level: Level;
  readonly actions_dir?: string;
  readonly crm: {
    readonly adapter: 'sandbox' | 'salesforce' | 'hubspot' | 'http' | 'mcp' | 'sql' | 'own';
    readonly module?: string;
    readonly openapi?: string;
    readonly private_network: boolean;
    readonly origin: string;
    readonly concurrency: number;
    readonly hubspot: {
      readonly contracts_api: boolean;
      readonly journal?: { readonly client_id: string; readonly portal_id: number };
    };
    readonly auth: {
      readonly method: 'token' | 'client_credentials' | 'jwt_bearer' | 'refresh_token';
      readonly client_id?: string;
      readonly username?: string;
      readonly audience?: string;
    };
    readonly mapping?: string;
    readonly recipes: readonly string[];
  };
  readonly retention: {
    readonly operations_days: number;
    readonly outbox_days: number;
    readonly checkpoints_days: number;
  };
  readonly watch: { readonly poll_seconds: number; readonly observe_days: number };
  readonly human: { readonly channel: string; readonly hours: string; readonly respond_within_minutes: number };
  readonly issuers: readonly {
    readonly iss: string;
    readonly tier: 'company' | 'principal';
    readonly subjects?: readonly string[];
    readonly accounts?: readonly string[];
    readonly keys: readonly JsonObject[];
  }[];
  readonly drp?: {
    readonly business_id: string;
    readonly agents: readonly { readonly id: string; readonly name: string; readonly verify_key: string }[];
  };
  readonly token_issuers: readonly ConfiguredTokenIssuer[];
  readonly allowed_origins: readonly string[];
  readonly approvers: readonly {
    readonly id: string;
    readonly name: string;
    readonly roles: readonly string[];
    readonly password_scrypt: string;
  }[];
  readonly signoff: {
    readonly lifetime_seconds: number;
    readonly rules: readonly JsonObject[];
    readonly allow: readonly JsonObject[];
    readonly answers_by: readonly string[];
  };
  readonly negotiation: Readonly<Record<string, JsonObject>>;
  readonly voice?: { readonly base_url: string; readonly model: string; readonly timeout_seconds: number };
  readonly webhooks: readonly { readonly name: string; readonly url: string }[];
  readonly allow_private_network: boolean;
  readonly stranger_dns: readonly string[];
}

export interface Config extends ConfigFile {
  readonly secrets: {
    readonly crmToken: string;
    /** Of an OAuth sign-in that has one. */
    readonly crmRefreshToken: string | undefined;
    /** Of the app at the CRM that sends notices and keeps the journal. */
    readonly crmAppSecret: string | undefined;
    /** Bearer token of the voice’s endpoint; undefined where it wants none. */
    readonly modelKey: string | undefined;
    /** Ours at the authorisation server that is asked about tokens. */
    readonly introspection: string | undefined;
    /** Standard Webhooks secrets of the company's own wish to make an offer, newest first. */
    readonly offers: readonly string[];
    /** Standard Webhooks secrets of change notices from the CRM, newest first. */
    readonly crmEvents: readonly string[];
    /** Standard Webhooks secrets (`whsec_…`) an endpoint, newest first. */
    readonly webhooks: ReadonlyMap<string, readonly string[]>;
  };
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the configuration has ${problems.length} mistake(s):\n${problems.map((each) => `  - ${each}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Everything that is read from the environment: secrets never stand in the configuration. docs/configuration.md is made of it. */
export const ENVIRONMENT = {
  PARLEY_CONFIG: ['`parley.json`', 'Path of the configuration, where no argument gives one.'],
  PARLEY_CRM_TOKEN: [
    'required, but for a file of SQLite',
    'The CRM’s token, or the OAuth client’s secret or private key (PKCS #8 PEM), as `crm.auth.method` says.',
  ],
  PARLEY_CRM_REFRESH_TOKEN: [
    'required with `refresh_token`',
    'The refresh token of the OAuth app at the CRM. One that the CRM gives in its place is kept in `data_dir`.',
  ],
  PARLEY_CRM_APP_SECRET: ['none', 'Secret of the app at HubSpot that sends notices and keeps the journal.'],
  PARLEY_CRM_EVENTS_SECRET: [
    'none',
    'Secret of change notices that the CRM sends to `POST /crm/events` (Standard Webhooks). They are a reason to look only.',
  ],
  PARLEY_OFFERS_SECRET: [
    'none',
    'Secret of `POST /company/offers`, by which the company’s systems have an offer put to a customer’s agent.',
  ],
  PARLEY_INTROSPECTION_SECRET: [
    'required with `introspection`',
    'Ours at the [authorisation server](tokens.md) that is asked about tokens.',
  ],
  PARLEY_MODEL_KEY: ['none', 'Key of the voice’s endpoint, if it wants one.'],
} as const satisfies Record<string, readonly [default_: string, is: string]>;

/** Before the name of a webhook endpoint. */
export const WEBHOOK_SECRET = 'PARLEY_WEBHOOK_SECRET_';

export type EnvironmentName = keyof typeof ENVIRONMENT | `${typeof WEBHOOK_SECRET}${string}`;

/** What is read of it is documented: no other name can be. */
export type Environment = { readonly [name in EnvironmentName]?: string | undefined };

/** The secrets of a configuration: from the environment, and from nowhere else. */
import type { Config, ConfigFile } from './config-file.ts';
import { type Environment, type EnvironmentName, WEBHOOK_SECRET } from './environment.ts';

function words(held = ''): string[] {
  return held.split(' ').filter((each) => each !== '');
}

const secretName = (endpoint: string): EnvironmentName =>
  `${WEBHOOK_SECRET}${endpoint.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;

export function secretsOf({ webhooks }: ConfigFile, environment: Environment): Config['secrets'] {
  return {
    crmToken: environment.PARLEY_CRM_TOKEN ?? '',
    crmRefreshToken: environment.PARLEY_CRM_REFRESH_TOKEN,
    crmAppSecret: environment.PARLEY_CRM_APP_SECRET,
    modelKey: environment.PARLEY_MODEL_KEY,
    introspection: environment.PARLEY_INTROSPECTION_SECRET,
    offers: words(environment.PARLEY_OFFERS_SECRET),
    crmEvents: words(environment.PARLEY_CRM_EVENTS_SECRET),
    webhooks: new Map(webhooks.map(({ name }) => [name, words(environment[secretName(name)])])),
  };
}

/** Each by its name in the environment. What is not set at all is told by {@link unset}. */
export function byName(file: ConfigFile, secrets: Config['secrets']) {
  const { webhooks, offers, crmEvents, crmAppSecret, crmToken, crmRefreshToken, introspection, modelKey } = secrets;
  return {
    signing: new Map([
      ...file.webhooks.map(({ name }) => [secretName(name), webhooks.get(name) ?? []] as const),
      ['PARLEY_OFFERS_SECRET', offers] as const,
      ['PARLEY_CRM_EVENTS_SECRET', crmEvents] as const,
    ]),
    app: new Map([['PARLEY_CRM_APP_SECRET', crmAppSecret]]),
    credentials: new Map([
      ['PARLEY_CRM_TOKEN', crmToken === '' ? undefined : crmToken],
      ['PARLEY_CRM_REFRESH_TOKEN', crmRefreshToken],
      ['PARLEY_INTROSPECTION_SECRET', introspection],
    ]),
    sent: new Map([['PARLEY_MODEL_KEY', modelKey]]),
  };
}

/** What is needed and not there. */
export function unset({ crm, webhooks }: ConfigFile, secrets: Config['secrets']): string[] {
  // A file has no sign-in.
  const isOpen = secrets.crmToken !== '' || crm.origin.startsWith('sqlite:');
  return [
    ...(isOpen ? [] : ['PARLEY_CRM_TOKEN is not set: the CRM is never reached without credentials']),
    ...webhooks
      .filter(({ name }) => (secrets.webhooks.get(name) ?? []).length === 0)
      .map(({ name }) => `${secretName(name)} is not set: webhooks are never sent unsigned`),
  ];
}

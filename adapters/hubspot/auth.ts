import type { Dispatcher } from 'undici';
import { type Auth, staticToken } from '../sdk/auth.ts';
import { clientCredentials, refreshToken } from '../sdk/oauth.ts';

export type HubspotAuth =
  /** A private app's token, or a service key. */
  | { readonly method: 'token'; readonly token: string }
  | {
      readonly method: 'refresh_token';
      readonly clientId: string;
      readonly clientSecret: string;
      readonly refreshToken: string;
      /** Keeps a new one, where HubSpot gives one. */
      readonly rotated?: (refreshToken: string) => Promise<void>;
    };

export interface CallOptions {
  readonly origin: string;
  readonly dispatcher?: Dispatcher;
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
}

export function hubspotAuth(auth: HubspotAuth, how: CallOptions): Auth {
  return auth.method === 'token' ? staticToken({ token: auth.token }) : refreshToken({ ...auth, ...endpoint(how) });
}

/** The webhooks journal belongs to an app, not to a portal: it is read as the app. */
export function journalAuth(clientId: string, clientSecret: string, how: CallOptions): Auth {
  return clientCredentials({ ...endpoint(how), clientId, clientSecret, scope: 'developer.webhooks_journal.read' });
}

const endpoint = ({ origin, ...how }: CallOptions) => ({ ...how, url: new URL('/oauth/2026-09/token', origin).href });

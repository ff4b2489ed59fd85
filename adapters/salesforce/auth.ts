import type { Dispatcher } from 'undici';
import type { JsonObject } from '../../protocol/base/json.ts';
import { type Auth, staticToken } from '../sdk/auth.ts';
import { clientCredentials, jwtBearer } from '../sdk/oauth.ts';

export type SalesforceAuth =
  | { readonly method: 'client_credentials'; readonly clientId: string; readonly clientSecret: string }
  | {
      readonly method: 'jwt_bearer';
      readonly clientId: string;
      readonly username: string;
      /** PKCS #8 PEM of the certificate's RSA key. */
      readonly privateKey: string;
      /** `https://login.salesforce.com` unless told; a sandbox’s is `https://test.salesforce.com`. */
      readonly audience?: string;
    }
  | { readonly method: 'token'; readonly token: string };

export interface SignInOptions {
  /** The org's My Domain: signs in there and nowhere else. */
  readonly origin: string;
  readonly dispatcher?: Dispatcher;
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
}

/** Salesforce does not say how long a token lives: it is kept until it is refused. */
export function salesforceAuth(auth: SalesforceAuth, { origin, ...how }: SignInOptions): Auth {
  // A token must not be carried to a host that nobody configured.
  const accepts = ({ instance_url: url }: JsonObject) =>
    typeof url === 'string' && URL.parse(url)?.origin === new URL(origin).origin;
  const endpoint = { ...how, url: new URL('/services/oauth2/token', origin).href, accepts };
  switch (auth.method) {
    case 'token':
      return staticToken({ token: auth.token });
    case 'client_credentials':
      return clientCredentials({ ...endpoint, clientId: auth.clientId, clientSecret: auth.clientSecret });
    case 'jwt_bearer':
      return jwtBearer({
        ...endpoint,
        algorithm: 'RS256',
        privateKey: auth.privateKey,
        issuer: auth.clientId,
        subject: auth.username,
        audience: auth.audience ?? 'https://login.salesforce.com',
      });
  }
}

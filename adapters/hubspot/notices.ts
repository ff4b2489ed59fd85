/** HubSpot's webhooks: the signature of version 3, and which records a notice is about. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObject, type Json } from '../../protocol/base/json.ts';
import type { Ctx, Notice, Ref } from '../sdk/index.ts';
import type { Portal } from './mapping.ts';

/** Five minutes, which is HubSpot's own bound, in both directions: a notice from the future is as odd as an old one. */
const AGE_MS_MAX = 300_000;
/** What HubSpot decodes in an address before it signs it. */
const DECODED = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

/** Undefined for a notice that is not genuine. */
export function noticed(portal: Portal, secret: string, ctx: Ctx, notice: Notice): readonly Ref[] | undefined {
  if (!isGenuine(secret, ctx.clock().getTime(), notice)) return undefined;
  const events = parsed(notice.body);
  const refs = (Array.isArray(events) ? events : [events]).flatMap((event: Json) => refsOf(portal, event));
  return [...new Map(refs.map((ref) => [`${ref.type}:${ref.value}`, ref])).values()];
}

function isGenuine(secret: string, nowMs: number, { method, url, header, body }: Notice): boolean {
  const timestamp = header('x-hubspot-request-timestamp') ?? '';
  const given = Buffer.from(header('x-hubspot-signature-v3') ?? '');
  if (!/^\d{1,15}$/.test(timestamp) || Math.abs(nowMs - Number(timestamp)) > AGE_MS_MAX) return false;
  const hmac = createHmac('sha256', secret);
  hmac.update(`${method}${url.replace(DECODED, decodeURIComponent)}`);
  hmac.update(body);
  hmac.update(timestamp);
  const expected = Buffer.from(hmac.digest('base64'));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** `contact.propertyChange` names the object; `object.propertyChange` leaves it to the type id. */
function refsOf({ mapping }: Portal, event: Json): Ref[] {
  if (!isObject(event)) return [];
  const { objectId, objectTypeId, subscriptionType } = event;
  const value = String(objectId);
  if (!/^\d{1,19}$/.test(value)) return [];
  const word = String(subscriptionType).split('.')[0] ?? '';
  const plural = word === 'company' ? 'companies' : `${word}s`;
  return [...mapping.types.values()]
    .filter(({ object, more }) => object === plural || (objectTypeId !== undefined && more['type_id'] === objectTypeId))
    .map(({ type }): Ref => ({ type, by: 'id', value }));
}

function parsed(body: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return null;
  }
}

/** The Universal Commerce Protocol as discovery: who we are, what we do, which of it both sides speak. Not checkout.
 * The revisions of UCP that are spoken are data (`protocol/ucp.json`, the newest first): one profile each. */
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { type Json, type JsonObject, objectOf } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import ucp from '../../../protocol/ucp.json' with { type: 'json' };
import type { Contract } from '../../actions/contract.ts';
import type { Settings } from '../../engine/world.ts';

/** Of our capabilities, as UCP counts: the day their schemas last changed incompatibly. */
const { revisions: REVISIONS, actions: ACTIONS_VERSION } = ucp;

const PATH = '/.well-known/ucp';

type Revision = (typeof REVISIONS)[number];

/** What one side offers: names with the versions it speaks. */
export interface UcpOffer {
  readonly version: string;
  readonly capabilities: ReadonlyMap<
    string,
    readonly { readonly version: string; readonly extends: readonly string[] }[]
  >;
}

/** Business profiles by their paths: the newest revision's, which leads to those of the others. */
export function ucpProfiles(contract: Contract, { origin }: Settings, keys: readonly JsonObject[]) {
  const [newest, ...older] = REVISIONS;
  const others = Object.fromEntries(older.map(({ version }) => [version, `${origin}${PATH}/${version}`]));
  return new Map(
    REVISIONS.map((revision) => [
      revision === newest ? PATH : `${PATH}/${revision.version}`,
      profileIn(revision, { contract, origin, keys, others: revision === newest ? others : {} }),
    ]),
  );
}

interface ProfileFacts {
  readonly contract: Contract;
  readonly origin: string;
  readonly keys: readonly JsonObject[];
  readonly others: JsonObject;
}

/** Our actions as vendor capabilities in our own namespace. */
function profileIn(revision: Revision, { contract, origin, keys, others }: ProfileFacts): JsonObject {
  const spec = `${origin}/llms.txt`;
  const service = { version: ACTIONS_VERSION, spec };
  return {
    ucp: {
      version: revision.version,
      ...(Object.keys(others).length === 0 ? {} : { supported_versions: others }),
      services: {
        [`${namespaceOf(origin)}.actions`]: [
          { ...service, transport: 'rest', endpoint: origin, schema: `${origin}/openapi.json` },
          { ...service, transport: 'mcp', endpoint: `${origin}/mcp`, schema: `${origin}/openapi.json` },
          { ...service, transport: 'a2a', endpoint: `${origin}/.well-known/agent-card.json` },
        ],
      },
      capabilities: Object.fromEntries(
        contract.definitions.map(({ name }) => [
          capabilityName(origin, name),
          [{ version: ACTIONS_VERSION, spec: `${origin}/actions/${name}`, schema: `${origin}/schemas/${name}.input` }],
        ]),
      ),
      payment_handlers: {},
    },
    ...Object.fromEntries(revision.keys.map((member) => [member, keys.map(bare)])),
  };
}

/** What both sides speak, as every answer to a UCP agent tells it: in the revision of its profile, which is one of ours or refused. */
export function negotiateUcp(profiles: ReadonlyMap<string, JsonObject>, profile: Json): Result<JsonObject, Refusal> {
  const theirs = readUcpOffer(profile);
  if (theirs === undefined) return err(refusal('version-unsupported', 'The profile names no version.'));
  const spoken = [...profiles.values()].flatMap((each) => readUcpOffer(each) ?? []);
  const ours = spoken.find(({ version }) => version === theirs.version);
  if (ours === undefined) {
    const versions = spoken.map(({ version }) => version);
    return err(refusal('version-unsupported', `We speak ${versions.join(' and ')}.`, { supported_versions: versions }));
  }
  const shared = [...intersect(ours, theirs)].map(([name, version]) => [name, [{ version }]]);
  return ok({ version: ours.version, capabilities: Object.fromEntries(shared) });
}

/** Reverse domain, as UCP names authorities: `parley.example` has the capabilities `example.parley.actions.…`. */
export function capabilityName(origin: string, action: string): string {
  return `${namespaceOf(origin)}.actions.${action.replaceAll('.', '_')}`;
}

function namespaceOf(origin: string): string {
  const { hostname } = new URL(origin);
  const isName = /[a-z]/.test(hostname) && !hostname.startsWith('[');
  return isName ? hostname.split('.').reverse().join('.') : 'local.gateway';
}

function bare({ kid = '', kty = '', crv = '', x = '', y, alg = '' }: JsonObject): JsonObject {
  return { kid, kty, crv, x, ...(y === undefined ? {} : { y }), alg, use: 'sig' };
}

/** The `ucp` member of a peer's profile; `undefined` when it has none that is usable. Unknown members never disturb. */
export function readUcpOffer(profile: Json): UcpOffer | undefined {
  const ucp = memberOf(profile, 'ucp');
  const version = memberOf(ucp, 'version');
  if (typeof version !== 'string') return undefined;
  const capabilities = new Map<string, { version: string; extends: string[] }[]>();
  for (const [name, entries] of Object.entries(objectOf(memberOf(ucp, 'capabilities')))) {
    const usable = (Array.isArray(entries) ? entries : []).flatMap((entry) => {
      const spoken = memberOf(entry, 'version');
      const parents = memberOf(entry, 'extends');
      const listed = Array.isArray(parents) ? parents : parents === undefined ? [] : [parents];
      return typeof spoken === 'string'
        ? [{ version: spoken, extends: listed.filter((each) => typeof each === 'string') }]
        : [];
    });
    if (usable.length > 0) capabilities.set(name, usable);
  }
  return { version, capabilities };
}

/** Same name, same version, the latest both speak; an extension none of whose parents is left goes too ("Intersection Algorithm"). */
export function intersect(ours: UcpOffer, theirs: UcpOffer): ReadonlyMap<string, string> {
  const shared = new Map<string, string>();
  for (const [name, mine] of ours.capabilities) {
    const spoken = new Set(theirs.capabilities.get(name)?.map(({ version }) => version));
    const [latest] = mine
      .map(({ version }) => version)
      .filter((version) => spoken.has(version))
      .sort()
      .reverse();
    if (latest !== undefined) shared.set(name, latest);
  }
  for (let before = -1; before !== shared.size; ) {
    before = shared.size;
    for (const [name, version] of shared) {
      const parents = ours.capabilities.get(name)?.find((each) => each.version === version)?.extends ?? [];
      if (parents.length > 0 && !parents.some((parent) => shared.has(parent))) shared.delete(name);
    }
  }
  return shared;
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return Object.getOwnPropertyDescriptor(objectOf(value), name)?.value;
}

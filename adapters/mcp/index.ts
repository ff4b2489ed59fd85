/** The tools of an MCP server as a CRM. Nothing that the server says about them is trusted: they are pinned when they are registered, and
 * every write is decided by a person. */
import type { Dispatcher } from 'undici';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { ANY_RECIPES } from '../sdk/actions/standard.ts';
import { type Auth, staticToken } from '../sdk/auth.ts';
import { chooseRecipes, makeRecipeAdapter } from '../sdk/by-recipe.ts';
import { type Adapter, AdapterError, type Ctx } from '../sdk/index.ts';
import { put } from '../sdk/pointer.ts';
import { usable } from '../sdk/remote/records.ts';
import { guaranteesOf, lacking } from '../sdk/remote/resource.ts';
import { type Given, makeRemoteStore, type Reads, type Remote } from '../sdk/remote/store.ts';
import { guardedDispatcher } from '../sdk/transport.ts';
import { type McpBound, parseMcpMapping } from './mapping.ts';
import { inSession, type Session, type SessionOptions } from './session.ts';

export interface McpAdapterOptions {
  /** The server’s address, over Streamable HTTP. */
  readonly url: string;
  readonly mapping: JsonObject;
  /** The company’s own, beside and instead of the standard ones that fit. */
  readonly recipes: readonly JsonObject[];
  readonly auth: { readonly token: string } | Auth;
  readonly allowPrivate?: boolean;
  readonly timeoutMs?: number;
  readonly dispatcher?: Dispatcher;
}

const CALL_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 4_194_304;

/** Every mistake of the documents at once. Whether the server has these very tools is seen at every call, and in `health`. */
export function makeMcpAdapter(options: McpAdapterOptions): Result<Adapter, readonly string[]> {
  const mapping = parseMcpMapping(options.mapping);
  if (!mapping.ok) return mapping;
  const { resources } = mapping.value;
  const recipes = chooseRecipes(
    {
      own: options.recipes,
      standard: ANY_RECIPES,
      cannot: ['note', 'both'],
      lacks: (recipe) => lacking(resources, recipe),
    },
    resources.mapping,
  );
  if (!recipes.ok) return recipes;
  const url = URL.parse(options.url);
  if (url === null || url.hash !== '' || url.username !== '') return err(['the address of the server is not a URL']);
  const timeoutMs = options.timeoutMs ?? CALL_TIMEOUT_MS;
  const session: SessionOptions = {
    url,
    mapping: mapping.value,
    auth: 'token' in options.auth ? staticToken(options.auth) : options.auth,
    dispatcher:
      options.dispatcher ??
      guardedDispatcher({ allowPrivate: options.allowPrivate ?? false, timeoutMs, bodyBytesMax: ANSWER_BYTES_MAX }),
    timeoutMs,
    bytesMax: ANSWER_BYTES_MAX,
  };
  const about = { name: 'mcp', version: '0.1.0', title: `MCP server ${url.host}` };
  const guarantees = { ...guaranteesOf(resources), forcesSignoff: true };
  return ok(
    makeRecipeAdapter(
      about,
      guarantees,
      resources.mapping,
      recipes.value,
      makeRemoteStore(mcpRemote(session), resources),
    ),
  );
}

function mcpRemote(options: SessionOptions): Remote<McpBound> {
  const reads = new Set([...options.mapping.resources.byType.values()].flatMap(({ read, find }) => [read, find]));
  const reader = (session: Session): Reads<McpBound> => ({
    async find(bound, given) {
      try {
        return await this.read(bound, given);
      } catch (error) {
        // Only a tool of the server's says so, in the words that the mapping knows.
        if (error instanceof AdapterError && error.code === 'not_found') return undefined;
        throw error;
      }
    },
    async read(bound, given) {
      if (!reads.has(bound)) throw new AdapterError('bug', 'A read or a plan tried to write.');
      return answerOf(await session.call(bound.operation, valuesOf(bound, given), 'read'));
    },
  });
  const opened = <T>(ctx: Ctx, work: (session: Session) => Promise<T>) => inSession(ctx, options, work);
  return {
    reading: (ctx, work) => opened(ctx, (session) => work(reader(session))),
    writing: (ctx, work) =>
      opened(ctx, (session) =>
        work({
          ...reader(session),
          write: async (bound, given) => answerOf(await session.call(bound.operation, valuesOf(bound, given), 'write')),
        }),
      ),
    check: (ctx) => opened(ctx, async () => undefined),
  };
}

const answerOf = (json: Awaited<ReturnType<Session['call']>>) => ({ json, header: () => undefined, isRepeat: false });

function valuesOf({ id, key, guard, fixed }: McpBound, given: Given): JsonObject {
  const placed = [
    ...fixed,
    ...(
      [
        [id, given.id],
        [key, given.key],
        [guard, given.version],
      ] as const
    ).flatMap(([place, value]) =>
      place === undefined || value === undefined ? [] : [[place, usable(value)] as const],
    ),
  ];
  return placed.reduce<JsonObject>((values, [place, value]) => put(values, place, value), given.body ?? {});
}

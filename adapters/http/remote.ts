import { type CrmResponse, type ReadHttp, readOnly, type WriteHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx } from '../sdk/index.ts';
import type { Answer } from '../sdk/remote/records.ts';
import type { Caller, Given, Remote } from '../sdk/remote/store.ts';
import { accepted, answerOf } from './answers.ts';
import type { HttpBound } from './bind.ts';
import type { HttpMapping } from './mapping.ts';
import { callOf } from './request.ts';

/** An id that no record has. */
const PROBE = 'parley-health-0';

/** Operations of a REST API. `base` is the path that all of them are below. */
export function httpRemote(http: WriteHttp, base: string, { resources, errors }: HttpMapping): Remote<HttpBound> {
  const reader = readOnly(http);
  const idempotent = resources.idempotency === 'key' || resources.idempotency === 'external_id';
  const get = (ctx: Ctx, from: ReadHttp, bound: HttpBound, given: Given): Promise<CrmResponse> => {
    const { target, headers } = callOf(bound, base, given);
    return from.get(ctx, target, headers);
  };
  const read =
    (ctx: Ctx) =>
    async (bound: HttpBound, given: Given): Promise<Answer> =>
      answerOf(accepted(ctx, await get(ctx, reader, bound, given), 'read', errors), undefined);
  const find =
    (ctx: Ctx) =>
    async (bound: HttpBound, given: Given): Promise<Answer | undefined> => {
      try {
        return await read(ctx)(bound, given);
      } catch (error) {
        if (error instanceof AdapterError && error.code === 'not_found') return undefined;
        throw error;
      }
    };
  const writer = (ctx: Ctx): Caller<HttpBound> => ({
    read: read(ctx),
    find: find(ctx),
    async write(bound, given) {
      const { target, headers, body } = callOf(bound, base, given);
      const response = await http.send(ctx, methodOf(bound), target, body, headers, { idempotent });
      return answerOf(accepted(ctx, response, 'write', errors), bound.replayed);
    },
  });
  return {
    reading: (ctx, work) => work({ read: read(ctx), find: find(ctx) }),
    writing: (ctx, work) => work(writer(ctx)),
    async check(ctx) {
      const [resource] = resources.byType.values();
      if (resource === undefined) return;
      // Any answer of the API’s will do, and there is no such record.
      await find(ctx)(resource.read, { id: PROBE });
    },
  };
}

function methodOf({ operation: { method } }: HttpBound): 'PATCH' | 'PUT' | 'POST' {
  return method === 'patch' ? 'PATCH' : method === 'put' ? 'PUT' : 'POST';
}

import { type ListTasksRequest, TaskState } from '@a2a-js/sdk';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { Operation } from '../../engine/operation.ts';
import type { AgentPage } from '../../ports.ts';
import { statesOf } from './task.ts';

const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 100;

export const NOT_A_LENGTH = 'historyLength must be a whole number, and not negative.';
export const isLength = (length: number): boolean => Number.isInteger(length) && length >= 0;

/** ListTasks (A2A §3.1.4): newest status first; a page token says where the last page ended. */
export function pageOf(request: ListTasksRequest): Result<AgentPage, Refusal> {
  const { pageSize = PAGE_SIZE, pageToken, status, contextId, statusTimestampAfter, historyLength = 0 } = request;
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > PAGE_SIZE_MAX)
    return wrong(`pageSize must be 1 to ${PAGE_SIZE_MAX}.`);
  if (!isLength(historyLength)) return wrong(NOT_A_LENGTH);
  if (status === TaskState.UNRECOGNIZED) return wrong('status is no task state.');
  const after = pageToken === '' ? undefined : readToken(pageToken);
  if (pageToken !== '' && after === undefined) return wrong('pageToken is not one of ours.');
  const since = statusTimestampAfter === undefined ? undefined : new Date(statusTimestampAfter);
  if (since !== undefined && Number.isNaN(since.getTime())) return wrong('statusTimestampAfter is no time (RFC 3339).');
  return ok({
    limit: pageSize,
    ...(after === undefined ? {} : { after }),
    ...(status === TaskState.TASK_STATE_UNSPECIFIED ? {} : { states: statesOf(status) }),
    ...(contextId === '' ? {} : { conversation: contextId }),
    ...(since === undefined ? {} : { since: since.toISOString() }),
  });
}

export function tokenOf(last: Operation | undefined): string {
  return last === undefined ? '' : Buffer.from(`${last.updatedAt} ${last.id}`).toString('base64url');
}

function readToken(token: string): AgentPage['after'] | undefined {
  const [, at, id] =
    /^(\d{4}-\d\d-\d\dT[\d:.]{8,15}Z) (op_[0-9a-f-]{36})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  return at === undefined || id === undefined ? undefined : { at, id };
}

const wrong = (detail: string) => err(refusal('schema-violation', detail));

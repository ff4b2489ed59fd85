import type { JsonObject } from '../../protocol/base/json.ts';
import type { CrmResponse } from '../sdk/http.ts';
import { AdapterError, type Ref, type StepResult } from '../sdk/index.ts';
import { correlationOf } from './answers.ts';
import type { Portal } from './mapping.ts';
import { type CrmRecord, hashOf } from './records.ts';

/** One update of one record, under a key. */
export interface Update {
  readonly ref: Ref;
  readonly key: string;
  readonly values: JsonObject;
  /** The version that was approved. */
  readonly version: string;
}

/** Whether a step with this key ever wrote to the record; a later one may have put its mark over it. */
export function hasMark({ marker }: Portal, { mark, history }: CrmRecord, key: string): boolean {
  return mark === key || history.get(marker)?.includes(key) === true;
}

/** A version that shows somebody else's write too must not pass for ours: an undo would go over it. */
export function versionMade(before: CrmRecord, after: CrmRecord, values: JsonObject, isLast: boolean): string {
  const isOurs = isLast && hashOf({ ...before.data, ...values }) === after.version;
  return isOurs ? after.version : `${after.version}.overwritten`;
}

export function result(
  state: StepResult['state'],
  { ref }: CrmRecord,
  version: string,
  answer?: CrmResponse,
): StepResult {
  const request = answer === undefined ? undefined : correlationOf(answer);
  return { state, ref, version, ...(request === undefined ? {} : { providerRequestId: request }) };
}

export const changedMeanwhile = () => new AdapterError('conflict', 'The record has changed.');

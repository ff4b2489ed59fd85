/** Push notification configurations (A2A §3.1.7 to §3.1.10): kept in the operation itself, checked before they are kept. */
import { hash } from 'node:crypto';
import type { ListTaskPushNotificationConfigsResponse, TaskPushNotificationConfig } from '@a2a-js/sdk';
import { TaskNotFoundError } from '@a2a-js/sdk/errors';
import type { ServerCallContext } from '@a2a-js/sdk/server';
import { refusal } from '../../../protocol/base/errors.ts';
import type { Operation, Push } from '../../engine/operation.ts';
import type { Caller } from '../../identity/signature/authenticate.ts';
import { checkUrl } from '../../platform/guarded-fetch.ts';
import type { Operations } from '../operations.ts';
import { a2aError } from './errors.ts';

export interface PushConfigDeps {
  readonly operations: Operations;
  readonly callerOf: (context: ServerCallContext) => Caller;
  readonly readTask: (context: ServerCallContext, id: string) => Promise<Operation>;
  readonly allowPrivate: boolean;
}

const TEXT_CHARS_MAX = 1_024;
/** What may stand in an Authorization field line. */
const SCHEME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;
const CREDENTIALS = /^[\x21-\x7e][\x20-\x7e]{0,2047}$/;

export function makePushConfigs({ operations, callerOf, readTask, allowPrivate }: PushConfigDeps) {
  async function change(context: ServerCallContext, id: string, update: (pushes: readonly Push[]) => readonly Push[]) {
    const changed = await operations.setPushes(callerOf(context), id, update);
    if (!changed.ok) throw a2aError(changed.error, 'task');
  }

  /** What is kept of a configuration; throws for what is not to be sent to. */
  function checked(config: TaskPushNotificationConfig): Push {
    const { url, token, authentication } = config;
    // The same without a name again is the same: a message that is sent again leaves one.
    const id = config.id === '' ? hash('sha256', JSON.stringify([url, token]), 'base64url').slice(0, 22) : config.id;
    const allowed = checkUrl(url, allowPrivate);
    if (!allowed.ok) throw wrong(`url: ${allowed.error.reason}.`);
    if (!/^[\w.-]{1,64}$/.test(id)) throw wrong('id must be 1 to 64 letters, digits, `.`, `-` or `_`.');
    if (url.length > TEXT_CHARS_MAX || token.length > TEXT_CHARS_MAX || !/^[\x20-\x7e]*$/.test(token))
      throw wrong('url and token are limited to 1024 printable characters.');
    if (
      authentication !== undefined &&
      !(SCHEME.test(authentication.scheme) && CREDENTIALS.test(authentication.credentials))
    )
      throw wrong('authentication must be a scheme and credentials as in RFC 9110 §11.4.');
    return {
      id,
      url,
      ...(token === '' ? {} : { token }),
      ...(authentication === undefined ? {} : { authentication }),
    };
  }

  const keep = (context: ServerCallContext, task: string, push: Push) =>
    change(context, task, (pushes) => [...pushes.filter(({ id }) => id !== push.id), push]);

  return {
    checked,
    /** For a request whose nonce is already spent. */
    keep,

    async create(context: ServerCallContext, config: TaskPushNotificationConfig): Promise<TaskPushNotificationConfig> {
      const push = checked(config);
      await readTask(context, config.taskId);
      await keep(context, config.taskId, push);
      return configOf(config.taskId, push);
    },

    async get(context: ServerCallContext, task: string, id: string): Promise<TaskPushNotificationConfig> {
      const push = (await readTask(context, task)).pushes?.find((each) => each.id === id);
      if (push === undefined) throw new TaskNotFoundError('There is no such configuration.');
      return configOf(task, push);
    },

    async list(context: ServerCallContext, task: string): Promise<ListTaskPushNotificationConfigsResponse> {
      const { pushes = [] } = await readTask(context, task);
      return { configs: pushes.map((push) => configOf(task, push)), nextPageToken: '' };
    },

    async remove(context: ServerCallContext, task: string, id: string): Promise<void> {
      await readTask(context, task);
      await change(context, task, (pushes) => pushes.filter((each) => each.id !== id));
    },
  };
}

function configOf(taskId: string, { id, url, token = '', authentication }: Push): TaskPushNotificationConfig {
  return {
    tenant: '',
    id,
    taskId,
    url,
    token,
    authentication: authentication === undefined ? undefined : { ...authentication },
  };
}

const wrong = (detail: string) => a2aError(refusal('schema-violation', detail), 'message');

/** The log as lines: one JSON object an event, each of a level. */
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Clock, Log } from '../ports.ts';

/** The least first. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

const named = (level: Level, ...events: readonly string[]) => events.map((event): [string, Level] => [event, level]);

/** All that are more, or less, than told. `error`: somebody has to look; `warn`: somebody may want to. */
const LEVEL_OF: ReadonlyMap<string, Level> = new Map([
  ...named('error', 'bug', 'worker.bug', 'store.full', 'store.fatal', 'log.wrong', 'revocations.unreadable'),
  ...named('error', 'clock.back', 'plan.others_record', 'output.invalid', 'webhook.exhausted', 'webhook.off'),
  ...named('warn', 'task.failed', 'worker.scan_failed', 'log.audit_failed', 'clock.ahead', 'instance.restored'),
  ...named('warn', 'crm.refused', 'crm.step_failed', 'crm.unclear', 'crm.lacks', 'crm.mapping', 'crm.tools_changed'),
  ...named('warn', 'crm.quota_near', 'hubspot.lacks', 'salesforce.lacks', 'negotiation.term_not_kept', 'not_ready'),
  ...named('warn', 'watch.feed_failed', 'watch.look_failed', 'watch.observe_failed', 'webhook.failed'),
  ...named('debug', 'crm.retried', 'webhook.retry', 'voice.unused', 'reader.unused'),
]);

export function levelOf(event: string, fields: JsonObject = {}): Level {
  // Whatever it is about: it is well, or it is not.
  if (event === 'crm.health') return fields['ok'] === false ? 'error' : 'info';
  if (event === 'voice.status') return fields['state'] === 'resting' ? 'warn' : 'info';
  return LEVEL_OF.get(event) ?? 'info';
}

export interface JsonLogOptions {
  readonly least: Level;
  readonly clock: Clock;
  readonly write: (line: string) => void;
}

export function makeJsonLog({ least, clock, write }: JsonLogOptions): Log {
  return (event, fields = {}) => {
    const level = levelOf(event, fields);
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
    write(`${JSON.stringify({ at: clock.now().toISOString(), level, event, ...fields })}\n`);
  };
}

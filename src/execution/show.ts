import type { Json } from '../../protocol/base/json.ts';
import type { Operation } from '../engine/operation.ts';
import { actionOf, type World } from '../engine/world.ts';
import type { Read } from './subjects.ts';

/** What a read may answer: of each record, the fields that were asked for and that the definition lets be shown. */
export function shownOf(world: World, operation: Operation, reads: readonly Read[]): Json[] {
  const shows = actionOf(world, operation)?.rules.shows;
  const asked: Json = operation.input['fields'] ?? [];
  const wanted = Array.isArray(asked) && asked.length > 0 ? new Set(asked) : undefined;
  return reads.map(({ name: kind, type, snapshot }) => {
    const names = (shows?.get(type) ?? []).filter((name) => wanted === undefined || wanted.has(name));
    const fields = names.flatMap((name) => {
      const value = snapshot.data[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return { kind, id: snapshot.ref.value, version: snapshot.version, fields: Object.fromEntries(fields) };
  });
}

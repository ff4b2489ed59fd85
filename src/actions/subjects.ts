/** The records an action is about, in the order in which each can be known. */
import { pathsOf } from '../../adapters/sdk/paths.ts';

export interface SubjectSource {
  readonly type: string;
  readonly id: string;
  readonly shared?: boolean;
  readonly many?: boolean;
}

export interface OrderedSubject extends SubjectSource {
  readonly name: string;
  /** The members of the input that name it. */
  readonly members: readonly string[];
}

/** A subject may be named by another: that one is read before it. Tells of those that no order can make known. */
export function inOrder(subjects: Readonly<Record<string, SubjectSource>>, problems: string[]): OrderedSubject[] {
  const waiting = new Map(
    Object.entries(subjects).map(([name, subject]) => [name, { ...reading(subject.id), subject }] as const),
  );
  for (const [name, { others, takesAll }] of waiting) {
    const strange = others.filter((each) => subjects[each] === undefined);
    for (const each of strange) problems.push(`/subjects/${name}/id reads records.${each}, which is no subject`);
    if (takesAll) problems.push(`/subjects/${name}/id reads the records as a whole: name the one`);
  }
  const ordered: OrderedSubject[] = [];
  while (waiting.size > 0) {
    const next = [...waiting].find(([, { others }]) => others.every((each) => !waiting.has(each)));
    if (next === undefined) {
      for (const name of waiting.keys())
        problems.push(`/subjects/${name}/id can never be known: it waits for a record that waits for it`);
      return ordered;
    }
    const [name, { subject, members }] = next;
    waiting.delete(name);
    ordered.push({ name, members, ...subject });
  }
  return ordered;
}

function reading(id: string) {
  const paths = pathsOf(id);
  const under = (root: string) => [
    ...new Set(paths.flatMap(([first, name]) => (first === root && name ? [name] : []))),
  ];
  const takesAll = paths.some(([first, name]) => first === 'records' && name === undefined);
  return { others: under('records'), members: under('input'), takesAll };
}

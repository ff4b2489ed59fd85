/** Whether an action may replace the one released before it: agents written for that one must go on working, and nothing that was
 * guarded may be guarded less. */
import { digest } from '../../protocol/base/canonical.ts';
import { type Json, type JsonObject, objectOf } from '../../protocol/base/json.ts';

/** The parts of a definition that others rely on. */
export const RELEASED_PARTS = [
  'name',
  'version',
  'kind',
  'risk',
  'mandate',
  'step_up',
  'default_signoff',
  'raise',
  'subjects',
  'negotiable',
  'standard_terms',
  'claims',
  'commits',
  'shows',
  'result',
  'input',
  'terms',
  'output',
] as const;

export function releasedParts(definition: JsonObject): JsonObject {
  return Object.fromEntries(
    RELEASED_PARTS.flatMap((part) => {
      const value = definition[part];
      return value === undefined ? [] : [[part, value] as const];
    }),
  );
}

/** What is wrong with `now` as the successor of `before`; nothing where its version says that it breaks (a new major). */
export function breaking(before: JsonObject, now: JsonObject): string[] {
  const [old, current] = [releasedParts(before), releasedParts(now)];
  if (old['version'] === current['version'])
    return digest(old) === digest(current) ? [] : ['it changed and has no new version'];
  if (majorOf(old['version']) !== majorOf(current['version'])) return [];
  const problems: string[] = [];
  for (const part of ['name', 'kind', 'risk', 'mandate', 'step_up', 'default_signoff', 'raise', 'subjects', 'commits'])
    if (digest(old[part] ?? null) !== digest(current[part] ?? null)) problems.push(`/${part} is another`);
  for (const [name, expression] of Object.entries(objectOf(old['result'])))
    if (objectOf(current['result'])[name] !== expression) problems.push(`/result/${name} means something else`);
  const issues = new Set(listOf(current['negotiable']).map((issue) => objectOf(issue)['pointer']));
  for (const issue of listOf(old['negotiable']))
    if (!issues.has(objectOf(issue)['pointer'] ?? ''))
      problems.push(`/negotiable no longer has ${String(objectOf(issue)['pointer'])}`);
  const claims = new Set(listOf(current['claims']).map((claim) => digest(claim)));
  for (const claim of listOf(old['claims']))
    if (!claims.has(digest(claim))) problems.push(`/claims no longer has ${String(objectOf(claim)['name'])}`);
  // What was taken is taken; what is answered was foreseen. Terms go both ways.
  narrower(old['input'], current['input'], '/input', problems);
  narrower(current['output'], old['output'], '/output', problems, true);
  narrower(old['terms'], current['terms'], '/terms', problems);
  narrower(current['terms'], old['terms'], '/terms', problems);
  return [...new Set(problems)];
}

const LOWER_BOUNDS = ['minimum', 'minLength', 'minItems', 'minProperties', 'exclusiveMinimum'];
const UPPER_BOUNDS = ['maximum', 'maxLength', 'maxItems', 'maxProperties', 'exclusiveMaximum'];
const EQUALS = [
  'type',
  'pattern',
  'format',
  'const',
  'oneOf',
  'anyOf',
  'allOf',
  'if',
  'then',
  'else',
  'uniqueItems',
  'multipleOf',
];

/** Every value of `inner` must be one of `outer`. `growing`: members that only `inner` has are news, not strangers. */
function narrower(
  inner: Json | undefined,
  outer: Json | undefined,
  at: string,
  problems: string[],
  growing = false,
): void {
  if (inner === undefined || outer === undefined) {
    if (inner !== outer) problems.push(`${at} was added or taken away`);
    return;
  }
  const [a, b] = [objectOf(inner), objectOf(outer)];
  for (const keyword of EQUALS)
    if (b[keyword] !== undefined && digest(a[keyword] ?? null) !== digest(b[keyword] ?? null))
      problems.push(`${at}: ${keyword} is another`);
  for (const keyword of LOWER_BOUNDS)
    if (numberOf(b[keyword], Number.NEGATIVE_INFINITY) > numberOf(a[keyword], Number.NEGATIVE_INFINITY))
      problems.push(`${at}: ${keyword} is tighter`);
  for (const keyword of UPPER_BOUNDS)
    if (numberOf(b[keyword], Number.POSITIVE_INFINITY) < numberOf(a[keyword], Number.POSITIVE_INFINITY))
      problems.push(`${at}: ${keyword} is tighter`);
  if (b['enum'] !== undefined) {
    const allowed = new Set(listOf(b['enum']).map((each) => digest(each)));
    const values = a['enum'] === undefined ? [null] : listOf(a['enum']);
    if (a['enum'] === undefined || values.some((each) => !allowed.has(digest(each))))
      problems.push(`${at}: enum is tighter`);
  }
  const required = new Set(listOf(a['required']));
  for (const name of listOf(b['required']))
    if (!required.has(name)) problems.push(`${at}: ${String(name)} is required`);
  const [mine, theirs] = [objectOf(a['properties']), objectOf(b['properties'])];
  for (const [name, schema] of Object.entries(mine)) {
    if (theirs[name] !== undefined) narrower(schema, theirs[name], `${at}/${name}`, problems, growing);
    else if (b['additionalProperties'] === false && !growing) problems.push(`${at}/${name} is not known`);
  }
  if (growing)
    for (const name of Object.keys(theirs)) if (mine[name] === undefined) problems.push(`${at}/${name} is gone`);
  if (b['additionalProperties'] === false && a['additionalProperties'] !== false && !growing)
    problems.push(`${at}: additionalProperties is tighter`);
  if (b['items'] !== undefined) narrower(a['items'] ?? {}, b['items'], `${at}/items`, problems, growing);
}

const majorOf = (version: Json | undefined): string => String(version).split('.')[0] ?? '';
const numberOf = (value: Json | undefined, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;
const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

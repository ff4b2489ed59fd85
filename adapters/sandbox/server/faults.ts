/** Faults on order, for tests: each is used up by the next matching request. */
export const FAULT_KINDS = [
  'refuse',
  'delay',
  '429',
  '401',
  '500-before',
  '500-after',
  'reset-after',
  'hang',
  'hang-after',
  'bad-schema',
  'stale-read',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly op: 'read' | 'write' | 'any';
  readonly kind: FaultKind;
  readonly count: number;
  readonly ms: number;
}

export function makeFaults() {
  let queue: Fault[] = [];
  return {
    add(value: unknown): boolean {
      const fault = parseFault(value);
      if (fault !== undefined) queue.push(fault);
      return fault !== undefined;
    },
    take(op: 'read' | 'write'): Fault | undefined {
      const found = queue.find((each) => each.op === op || each.op === 'any');
      if (found !== undefined)
        queue = queue.flatMap((each) =>
          each !== found ? each : each.count > 1 ? { ...each, count: each.count - 1 } : [],
        );
      return found;
    },
  };
}

function parseFault(value: unknown): Fault | undefined {
  if (typeof value !== 'object' || value === null || !('op' in value) || !('kind' in value)) return undefined;
  const kind = FAULT_KINDS.find((each) => each === value.kind);
  const op = (['read', 'write', 'any'] as const).find((each) => each === value.op);
  if (kind === undefined || op === undefined) return undefined;
  const count = 'count' in value && typeof value.count === 'number' ? value.count : 1;
  const ms = 'ms' in value && typeof value.ms === 'number' ? value.ms : 1_000;
  return { op, kind, count, ms };
}

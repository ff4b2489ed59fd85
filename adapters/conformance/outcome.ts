export type Outcome =
  | { readonly kind: 'pass'; readonly detail: string }
  | { readonly kind: 'fail'; readonly seen: string; readonly todo: string }
  | { readonly kind: 'not-applicable'; readonly reason: string };

/** A broken promise: what was seen, and what to do about it. */
export class Broken extends Error {
  readonly todo: string;
  constructor(seen: string, todo: string) {
    super(seen);
    this.todo = todo;
  }
}

export function must(kept: boolean, seen: string, todo: string): asserts kept {
  if (!kept) throw new Broken(seen, todo);
}

export const pass = (detail = ''): Outcome => ({ kind: 'pass', detail });
export const notApplicable = (reason: string): Outcome => ({ kind: 'not-applicable', reason });

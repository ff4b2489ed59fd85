import { describe, expect, it } from 'vitest';
import { PROBLEMS, type ProblemCode, refusal, toProblem } from '../base/errors.ts';
import { inToolWords } from './tool-words.ts';

const told = (code: ProblemCode) =>
  inToolWords(toProblem({ ...refusal(code), retryAfterSeconds: 7 }), { name: 'contract_renew', example: {} });

describe('what a tool’s caller is told to do about a refusal', () => {
  it('D18: says when to come again by the member that it has, not by a field that it never sees', () => {
    expect(told('unavailable')).toMatchObject({ retry_after: 7, next: expect.stringContaining('`retry_after`') });
    const codes = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) =>
      /Retry-After|Idempotency-Key|Prefer/.test(String(told(code)['next'])),
    );
    expect(codes).toEqual([]);
  });
});

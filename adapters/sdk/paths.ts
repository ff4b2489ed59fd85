/** What an expression reads, by name: for whoever must know it before anything is evaluated. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { parsed } from './expression.ts';

/** The members that an expression reads, each as the names on the way there: `records.contract.end_date` is three. Where a name is not
 * fixed (`input[x]`), the path ends before it. Empty for a text that is no expression. */
export function pathsOf(text: string): readonly (readonly string[])[] {
  const ast = parsed(text);
  const found: string[][] = [];
  if (ast !== undefined) walk(ast, found);
  return found;
}

function walk(node: ASTNode, found: string[][]): void {
  const path = pathAt(node);
  if (path === undefined) {
    inner(node.args, found);
    return;
  }
  found.push(path.names);
  for (const each of path.open) walk(each, found);
}

/** The names, and the expressions that stand where a name is not fixed. */
function pathAt(node: ASTNode): { readonly names: string[]; readonly open: readonly ASTNode[] } | undefined {
  switch (node.op) {
    case 'id':
      return { names: [node.args], open: [] };
    case '.':
    case '.?': {
      const [of, name] = node.args;
      const before = pathAt(of);
      if (before === undefined) return undefined;
      return before.open.length > 0 ? before : { names: [...before.names, name], open: [] };
    }
    case '[]':
    case '[?]': {
      const [of, key] = node.args;
      const before = pathAt(of);
      if (before === undefined) return undefined;
      if (before.open.length > 0) return { ...before, open: [...before.open, key] };
      if (key.op === 'value' && typeof key.args === 'string') return { names: [...before.names, key.args], open: [] };
      return { names: before.names, open: [key] };
    }
    default:
      return undefined;
  }
}

function inner(args: unknown, found: string[][]): void {
  if (Array.isArray(args)) for (const each of args) inner(each, found);
  else if (isNode(args)) walk(args, found);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

import type { Adapter } from '../../adapters/sdk/index.ts';
import { err, type Result } from '../../protocol/base/result.ts';
import type { Log } from '../ports.ts';
import { type Contract, readContract } from './contract.ts';
import { SHIPPED } from './files.ts';
import { fitTo } from './offering.ts';
import { type OwnActions, ownProblems } from './own.ts';

interface OfferedBy {
  readonly crm: Pick<Adapter, 'manifest'>;
  /** The adapter's name in the configuration. */
  readonly adapter: string;
  readonly own: OwnActions;
  /** Whether there is a policy for the action. */
  readonly negotiates: (action: string) => boolean;
  /** What the CRM can do as it is; undefined until it could be asked. */
  readonly able: () => ReadonlySet<string> | undefined;
  readonly log: Log;
}

/** The shipped actions and the company's own, each carried out by a recipe that keeps to its definition, and offered as far as the
 * adapter can do it: by action and by field. */
export function readOffered(deps: OfferedBy): Result<Contract, readonly string[]> {
  const { crm, own, able, log } = deps;
  const definitions = [...SHIPPED.definitions, ...own.definitions];
  const claimed = new Set(crm.manifest.capabilities.map(({ action }) => action));
  const mistakes: string[] = [];
  const read = readContract(
    { ...SHIPPED, definitions },
    {
      able,
      as(definition) {
        const { name, negotiable, standard_terms } = definition;
        // What is only negotiated and has no policy is not offered whatever the CRM can do.
        if (negotiable.length > 0 && standard_terms === undefined && !deps.negotiates(name)) return undefined;
        const fit = fitTo(definition, crm.manifest);
        if (fit.kind === 'fits') return fit.definition;
        if (fit.kind === 'mistaken') mistakes.push(...fit.problems);
        // Of what nobody claims nothing is expected.
        else if (claimed.has(name)) log('crm.lacks', { action: name, lacks: fit.lacks });
        return undefined;
      },
    },
  );
  const wrong = [...own.problems, ...(read.ok ? ownProblems(read.value, own, deps.adapter) : read.error)];
  const problems = [
    ...wrong.map((each) => `/actions_dir: ${each}`),
    ...mistakes.map((each) => `/crm/recipes: ${each}`),
  ];
  return read.ok && problems.length === 0 ? read : err(problems);
}

import { parseArgs } from 'node:util';
import { type Adapter, AdapterError } from '../../adapters/sdk/index.ts';
import { type Contract, readContract } from '../actions/contract.ts';
import { SHIPPED } from '../actions/files.ts';
import { fitTo } from '../actions/offering.ts';
import { NO_ACTIONS, type OwnActions, ownProblems, readActions } from '../actions/own.ts';
import { unstated } from '../actions/rules.ts';
import { type Config, ConfigError, loadConfig } from '../config/config.ts';
import { openCrm, tryDocuments } from '../crm/open.ts';
import { systemClock } from '../platform/world-sources.ts';
import { type Io, UsageError } from './exit.ts';

export const ACTION_USAGE = `parley action check DIR [--config FILE]   what the actions in a folder still lack; with a configuration, in your CRM too
parley action list [--config FILE]        the actions, with risk and sign-off`;

const LOOK_TIMEOUT_MS = 15_000;

/** `parley action check [DIR] [--config FILE]` and `parley action list [--config FILE]`. Exit code: 1 where something is missing. */
export async function actionCommand(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { config: { type: 'string' } },
  });
  const [word, folder] = positionals;
  if (
    (word !== 'check' && word !== 'list') ||
    (word === 'check' && folder === undefined && values.config === undefined)
  ) {
    throw new UsageError('it is parley action check DIR, or parley action list');
  }
  try {
    const config = values.config === undefined ? undefined : loadConfig(values.config);
    const path = folder ?? config?.actions_dir;
    const own = path === undefined ? NO_ACTIONS : readActions(path);
    return word === 'list' ? list(own, io) : await check(own, config, io);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return told(error.problems, io);
  }
}

function list(own: OwnActions, io: Io): number {
  const read = readAll(own);
  if (!read.ok) return told(read.error, io);
  const own_names = new Set(own.definitions.map(({ name }) => name));
  for (const { name, version, kind, risk, default_signoff, negotiable, title } of read.value.all) {
    const whose = own_names.has(name) ? 'own' : 'shipped';
    const talks = negotiable.length > 0 ? `negotiable: ${negotiable.length}` : 'not negotiable';
    io.out(`${name} ${version}  ${kind}  ${risk}  person: ${default_signoff}  ${talks}  (${whose})  ${title}`);
  }
  return 0;
}

/** Everything that can be known without a customer's request: definitions, examples, recipes on the mapping, and the CRM's fields where
 * a configuration says which CRM. */
async function check(own: OwnActions, config: Config | undefined, io: Io): Promise<number> {
  const problems = [...own.problems];
  const read = readAll(own);
  if (!read.ok) problems.push(...read.error);
  const adapters = config === undefined ? [...own.recipes.keys()] : [config.crm.adapter];
  if (adapters.length === 0) problems.push('there is no recipe for any CRM: <name>.<adapter>.json');
  for (const adapter of adapters) {
    if (read.ok) problems.push(...ownProblems(read.value, own, adapter).map((each) => `${adapter}: ${each}`));
    if (config === undefined)
      problems.push(...tried(adapter, own, read.ok ? read.value : undefined).map((each) => `${adapter}: ${each}`));
  }
  if (config !== undefined) problems.push(...(await mistakesOfCrm(config, own, io)));
  if (problems.length > 0) return told(problems, io);
  for (const { name, version } of own.definitions) io.out(`${String(name)} ${String(version)} is complete`);
  for (const each of read.ok ? unstatedBy(read.value, own) : []) io.err(`- ${each}`);
  return 0;
}

/** No mistake, and yet to be known: who limits what an action commits them to cannot ask for this one. */
function unstatedBy({ all }: Contract, own: OwnActions): readonly string[] {
  const names = new Set(own.definitions.map(({ name }) => name));
  return all
    .filter(({ name }) => names.has(name))
    .flatMap((definition) => {
      const members = unstated(definition);
      return members.length === 0
        ? []
        : [
            `${definition.name} /commits does not state ${members.join(', ')}: a mandate that limits it is exceeded (an expression, or "nothing")`,
          ];
    });
}

function readAll(own: OwnActions): ReturnType<typeof readContract> {
  return readContract({ ...SHIPPED, definitions: [...SHIPPED.definitions, ...own.definitions] });
}

/** What the documents do not fit in, and what of the actions the CRM would not be offered for, or would never carry out. */
function tried(adapter: string, own: OwnActions, contract: Contract | undefined): readonly string[] {
  try {
    const { manifest } = tryDocuments(adapter, own);
    const names = new Set(own.definitions.map(({ name }) => name));
    return (contract?.all ?? []).flatMap((definition) => {
      const fit = names.has(definition.name) ? fitTo(definition, manifest) : undefined;
      if (fit?.kind === 'mistaken') return fit.problems;
      return fit?.kind === 'lacks' ? [`${definition.name} lacks ${fit.lacks.join(', ')}`] : [];
    });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

async function mistakesOfCrm(config: Config, own: OwnActions, io: Io): Promise<readonly string[]> {
  let crm: Adapter;
  try {
    crm = await openCrm(config, own);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  const lacks: string[] = [];
  const ctx = {
    clock: () => systemClock.now(),
    signal: AbortSignal.timeout(LOOK_TIMEOUT_MS),
    log: (event: string, fields = {}) => lacks.push(`the CRM: ${event} ${JSON.stringify(fields)}`),
  };
  try {
    const able = new Set((await crm.discover(ctx)).map(({ action }) => action));
    const unable = own.definitions.filter(({ name, kind }) => kind !== 'read' && !able.has(String(name)));
    return unable.length === 0
      ? []
      : [...unable.map(({ name }) => `the CRM cannot do ${String(name)} as it is`), ...lacks];
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    io.err(`the CRM was not asked: ${error.message}`);
    return [];
  }
}

function told(problems: readonly string[], io: Io): number {
  for (const each of problems) io.err(`- ${each}`);
  return 1;
}

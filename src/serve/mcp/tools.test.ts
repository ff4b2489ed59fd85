import { describe, expect, it } from 'vitest';
import { objectOf } from '../../../protocol/base/json.ts';
import { readDefinitions } from '../../actions/files.ts';
import { toolsOf } from './tools.ts';

const contract = readDefinitions();
const tools = new Map(toolsOf(contract).map((tool) => [tool.name, tool]));
const membersOf = (name: string) => objectOf(objectOf(tools.get(name)?.outputSchema)['properties']);

/** What anybody may ask for in two hundred bytes. */
const LIST_BYTES_MAX = 70_000;

describe('the list of tools', () => {
  it('D5: tells the shape of an operation once, and of each action what is its own', () => {
    const listed = [...tools.values()].map(({ meaning: _meaning, example: _example, ...tool }) => tool);
    expect(Buffer.byteLength(JSON.stringify(listed))).toBeLessThan(LIST_BYTES_MAX);
    expect(membersOf('operation_read')['signoff']).toMatchObject({ properties: { plan_digest: {} } });
    expect(membersOf('contract_renew')['signoff']).toEqual({ type: 'object' });
    const { output, terms } = contract.definitions.find(({ name }) => name === 'contract.renew') ?? expect.fail();
    const properties = Object.keys(objectOf(objectOf(output)['properties']));
    expect(Object.keys(objectOf(objectOf(membersOf('contract_renew')['output'])['properties']))).toEqual(properties);
    const offered = objectOf(objectOf(objectOf(membersOf('contract_renew')['offers'])['items'])['properties'])['terms'];
    expect(Object.keys(objectOf(objectOf(offered)['properties']))).toEqual(
      Object.keys(objectOf(objectOf(terms)['properties'])),
    );
  });

  it('D5: has the same members of an operation at each of its tools', () => {
    const all = Object.keys(membersOf('operation_read'));
    for (const { name, meaning } of tools.values())
      if (meaning.kind === 'ask') expect(Object.keys(membersOf(name)), name).toEqual(all);
  });
});

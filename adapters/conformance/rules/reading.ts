import { isDeepStrictEqual } from 'node:util';
import { eachAction, said, settle } from '../bench.ts';
import { must, notApplicable, pass } from '../outcome.ts';
import type { Rule } from '../rule.ts';

/** 3 */
export const versionsTell: Rule = {
  number: 3,
  title: 'a version changes if and only if the data does',
  run: (bench) =>
    eachAction(
      bench,
      () => undefined,
      async (action) => {
        const { adapter, rig, ctx } = bench;
        const { about } = await bench.prepare(action);
        if (about === undefined) return 'changes no existing record';
        const other = (await bench.prepare(action)).about;
        const first = await adapter.read(ctx(), about.ref);
        const neighbour = other === undefined ? undefined : await adapter.read(ctx(), other.ref);
        const again = await adapter.read(ctx(), about.ref);
        must(first.version !== '', 'empty version', 'Give every snapshot a version.');
        must(
          again.version === first.version && isDeepStrictEqual(again.data, first.data),
          `version ${first.version} became ${again.version} with nothing changed`,
          'Take the version from the record, not from the time of reading.',
        );
        must(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(first.readAt), `readAt ${first.readAt}`, 'RFC 3339 in UTC.');
        await rig.edit(about.ref, about.edit);
        const edited = await adapter.read(ctx(), about.ref);
        must(!isDeepStrictEqual(edited.data, first.data), 'an edit does not show', 'Never cache, and map the field.');
        must(edited.version !== first.version, 'data changed, version did not', 'Take the version from the CRM.');
        if (other !== undefined && neighbour !== undefined && other.ref.value !== about.ref.value)
          must(
            (await adapter.read(ctx(), other.ref)).version === neighbour.version,
            'another record’s edit changed this version',
            'A version belongs to one record.',
          );
        for (const kind of ['bad-schema', '500-before'] as const) {
          if (bench.cannot(kind) !== undefined) continue;
          await rig.fault({ op: 'read', kind, count: 10 });
          const odd = await settle(adapter.read(ctx(), about.ref));
          await rig.clearFaults();
          must(
            !odd.ok && ['retryable', 'bug'].includes(odd.error.code),
            `${kind}: a read says ${said(odd)}`,
            'An answer that is not the record is an error, never a record.',
          );
        }
        const nothing = await settle(adapter.read(ctx(), rig.absent(about.ref.type)));
        must(said(nothing) === 'not_found', `an unknown id gives ${said(nothing)}`, 'Throw not_found.');
        return undefined;
      },
    ),
};

/** 12 */
export const tenantsAreApart: Rule = {
  number: 12,
  title: 'one tenant never sees another’s record',
  async run({ rig, make, ctx }) {
    if ('none' in rig.tenants) return notApplicable(rig.tenants.none);
    const cases = await rig.tenants();
    const [a, b] = cases;
    must(a.marker !== b.marker, 'the markers are equal', 'Mark each tenant’s record with another text.');
    const adapters = { a: await make({ tenant: a.tenant }), b: await make({ tenant: b.tenant }) };
    const todo = 'Keep nothing between instances; a cache needs the tenant in its key.';
    for (let round = 0; round < 10; round += 1) {
      const [ofA, ofB] = await Promise.all([adapters.a.read(ctx(), a.ref), adapters.b.read(ctx(), b.ref)]);
      must(JSON.stringify(ofA.data).includes(a.marker), 'tenant A does not see its own record', todo);
      must(JSON.stringify(ofB.data).includes(b.marker), 'tenant B does not see its own record', todo);
    }
    for (const [adapter, own, foreign] of [
      [adapters.a, a, b],
      [adapters.b, b, a],
    ] as const) {
      const seen = await settle(adapter.read(ctx(), foreign.ref));
      const text = JSON.stringify(seen.ok ? seen.value.data : '');
      must(!text.includes(foreign.marker), `tenant ${own.tenant} read ${foreign.tenant}’s record`, todo);
      must(
        seen.ok || ['not_found', 'forbidden', 'unauthorised'].includes(seen.error.code),
        `another tenant’s record gives ${said(seen)}`,
        'Throw not_found.',
      );
    }
    return pass();
  },
};

/** 15 */
export const pagesAreComplete: Rule = {
  number: 15,
  title: 'more than three pages of a moving set are read whole',
  async run({ rig, adapter, ctx, recorder }) {
    const { paged } = rig;
    if ('none' in paged) return notApplicable(paged.none);
    const mark = recorder.count();
    recorder.before(3, () => paged.move());
    const { data } = await adapter.read(ctx(), paged.ref);
    const found: unknown = data[paged.field];
    const requests = recorder.since(mark).length;
    must(Array.isArray(found), `${paged.field} is no array`, 'Return the ids of all pages.');
    const missing = paged.ids.filter((id) => !found.includes(id));
    must(
      missing.length === 0,
      `${missing.length} of ${paged.ids.length} are missing`,
      'Read on until there is no next page.',
    );
    must(new Set(found).size === found.length, 'some are there twice', 'Page by a stable key, not by an offset.');
    must(requests > 3, `${requests} requests`, 'The case must need more than three pages.');
    return pass(`${found.length} over ${requests} pages`);
  },
};

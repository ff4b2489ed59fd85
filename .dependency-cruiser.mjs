/** Who may import whom (see ARCHITECTURE.md). `npm run check` runs it; test/tidy.test.ts shows that every rule can fail. */
const feature =
  '^src/(actions|edge|engine|execution|handoff|identity|ledger|negotiation|outbox|platform|signoff|voice|watch|initiative)/';
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$|fixture|/vectors/' },
  to: { pathNot: allowed },
});
const never = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$' },
  to: { path: to },
});

export default {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      comment: 'One direction, no room entered twice.',
      from: {},
      to: { circular: true },
    },
    only(
      'protocol-is-pure',
      '^protocol/',
      '^protocol/|node_modules/(jose|structured-headers|canonicalize|@noble/hashes)/',
      'The wire knows no clock, no IO, no server.',
    ),
    never(
      'features-serve-nothing',
      feature,
      '^src/(serve|client|cli|config|crm|instance|store)/|^src/(gateway|wiring|pipeline)|node_modules/(hono|@hono)/',
      'Features are translated for, never translate.',
    ),
    only(
      'reading-is-pure',
      '^src/reading/',
      '^src/(reading|engine)/|^src/actions/calendar\\.ts$|^protocol/|^adapters/sdk/values\\.ts$',
      'Words are read by what stands in them: no clock, no store, no model.',
    ),
    never(
      'features-know-no-adapter',
      feature,
      '^adapters/(?!sdk/)',
      'Adapters are named only where the gateway is composed.',
    ),
    {
      name: 'features-are-strangers',
      severity: 'error',
      comment: 'A feature uses the engine, not another feature.',
      from: {
        path: '^src/(actions|execution|handoff|identity|ledger|negotiation|outbox|signoff|voice|watch|initiative)/',
        pathNot: '\\.test\\.ts$',
      },
      to: {
        path: '^src/(actions|execution|handoff|identity|ledger|negotiation|outbox|signoff|voice|watch|initiative)/',
        pathNot: '^src/$1/',
      },
    },
    never(
      'engine-knows-no-feature',
      '^src/engine/',
      '^src/(actions|edge|execution|handoff|identity|ledger|negotiation|outbox|platform|signoff|voice|watch|initiative|serve|store)/',
      'The engine is what features build on.',
    ),
    only(
      'adapters-know-the-sdk',
      '^adapters/(?!conformance/|mcp/|sdk/|sql/)[a-z]+/(?!kit\\.ts)[a-z-]+\\.ts$',
      '^adapters/sdk/|^adapters/([a-z]+)/|^protocol/|node_modules/undici/|^(?:crypto|timers/promises)$',
      'An adapter needs its SDK, the protocol and undici; its rig for the conformance kit starts processes.',
    ),
    only(
      'sql-knows-its-databases',
      '^adapters/sql/(?!kit\\.ts)[a-z-]+\\.ts$',
      '^adapters/(?:sdk|sql)/|^protocol/|node_modules/(kysely|pg)/|^(?:crypto|sqlite|timers/promises)$',
      'The adapter for SQL, and no other, knows Kysely and the drivers.',
    ),
    only(
      'mcp-knows-its-client',
      '^adapters/mcp/(?!kit\\.ts)[a-z-]+\\.ts$',
      '^adapters/(?:sdk|mcp)/|^protocol/|node_modules/(@modelcontextprotocol/client|undici)/',
      'The adapter for MCP, and no other, knows the MCP client.',
    ),
    only(
      'sdk-is-small',
      '^adapters/sdk/',
      '^adapters/sdk/|^protocol/|node_modules/(undici|jose|ipaddr\\.js|@marcbachmann/cel-js)/|^(?:crypto|dns/promises|net|timers/promises)$',
      'What every adapter carries along: it dials, signs in and maps, and knows no adapter.',
    ),
    never('adapters-know-no-gateway', '^adapters/', '^src/', 'An adapter works for any gateway.'),
    never(
      'platform-knows-no-feature',
      '^src/platform/',
      '^src/(actions|engine|execution|handoff|identity|ledger|negotiation|outbox|signoff|voice|watch|initiative|serve|store)/',
      'What touches the machine serves every room and knows none.',
    ),
    never('serve-knows-no-store', '^src/serve/', '^src/(store|client)/', 'What is served stores nothing.'),
    never(
      'bindings-decide-nothing',
      '^src/serve/(?!company/|console/)',
      '^src/(negotiation|execution|signoff|handoff)/|^adapters/',
      'Bindings translate.',
    ),
    never(
      'only-serve-knows-hono',
      '^(protocol|src/(?!serve|gateway))',
      'node_modules/(hono|@hono)/',
      'Hono stays where things are served.',
    ),
    never(
      'client-knows-no-server',
      '^src/client/',
      '^src/(?!client/)|^adapters/',
      'What an agent’s developer imports stands alone.',
    ),
    never(
      'verifier-knows-no-server',
      '^src/cli/verify\\.ts$',
      '^src/|^adapters/',
      'A receipt verifies without the company’s software.',
    ),
    never(
      'product-knows-no-rig',
      '^(protocol|adapters|src)/(?!.*(?:kit|fixture|make)\\.ts$)',
      '^(demo|test|bench|examples)/',
      'What is published is composed without demo, suites and tests.',
    ),
    never(
      'nobody-imports-gateway',
      '^(protocol|adapters|src/(?!cli/|index))',
      '^src/gateway\\.ts$',
      'The gateway knows all; nothing knows it.',
    ),
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/|^node:' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

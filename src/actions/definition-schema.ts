/** What a file in protocol/actions/ must look like. */
const EXPRESSION = { type: 'string', minLength: 1, maxLength: 2000 };
const RISK = { enum: ['R0', 'R1', 'R2', 'R3'] };
const STEP_UP = { enum: ['customer'] };
const SIGNOFF = { enum: ['none', 'policy', 'unless_allowed', 'always', 'never'] };
const EXPRESSIONS = { type: 'object', additionalProperties: EXPRESSION };
const sentence = { type: 'string', minLength: 1, maxLength: 400 };

export const definitionSchema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'name',
    'version',
    'title',
    'summary',
    'description',
    'kind',
    'risk',
    'mandate',
    'default_signoff',
    'subjects',
    'negotiable',
    'input',
    'output',
    'result',
    'compensation',
    'words',
    'examples',
  ],
  properties: {
    name: { type: 'string', pattern: '^[a-z]+\\.[a-z]+$' },
    version: { type: 'string', pattern: '^[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}$' },
    title: { type: 'string', maxLength: 80 },
    summary: { type: 'string', maxLength: 200 },
    description: { type: 'string', maxLength: 1000 },
    kind: { enum: ['write', 'check', 'read', 'handoff'] },
    risk: RISK,
    mandate: { enum: ['required', 'none'] },
    step_up: STEP_UP,
    default_signoff: SIGNOFF,
    raise: {
      type: 'array',
      maxItems: 10,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['when'],
        properties: { when: EXPRESSION, risk: RISK, step_up: STEP_UP, default_signoff: SIGNOFF },
      },
    },
    subjects: {
      type: 'object',
      maxProperties: 10,
      propertyNames: { pattern: '^[a-z][a-z_]{0,31}$' },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['type', 'id'],
        properties: {
          type: { type: 'string', pattern: '^[a-z][a-z_]{0,31}$' },
          id: EXPRESSION,
          shared: { type: 'boolean' },
          many: { type: 'boolean' },
        },
      },
    },
    overtaken_by: {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      items: { type: 'string', pattern: '^[a-z]+\\.[a-z]+$' },
    },
    require: {
      type: 'array',
      maxItems: 30,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['that', 'else'],
        properties: { that: EXPRESSION, else: sentence },
      },
    },
    across_accounts: sentence,
    exclusive: {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      uniqueItems: true,
      items: { type: 'string', maxLength: 32 },
    },
    shares_while_scheduled: { const: true },
    needs: {
      type: 'object',
      maxProperties: 10,
      propertyNames: { pattern: '^[a-z][a-z_]{0,31}$' },
      additionalProperties: {
        type: 'array',
        maxItems: 50,
        uniqueItems: true,
        items: { type: 'string', pattern: '^[a-z][a-z_]*(\\.[a-z][a-z_]*)?$', maxLength: 64 },
      },
    },
    negotiable: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['pointer', 'label', 'kind'],
        properties: {
          pointer: { type: 'string', pattern: '^(/[a-z0-9_]+)+$' },
          label: { type: 'string' },
          kind: { enum: ['money', 'months', 'count', 'date', 'days', 'percent', 'choice'] },
          better_for_customer: { enum: ['lower', 'higher'] },
          choices: { type: 'array', minItems: 2, items: { type: 'string' } },
          record: { type: 'string', pattern: '^(/[a-z0-9_]+)+$' },
          planned: { type: 'string', pattern: '^(/[a-z0-9_]+)+$' },
          days_after: { type: 'integer' },
          decimals: { type: 'integer', minimum: 0, maximum: 6 },
          default: {},
        },
      },
    },
    records_then: EXPRESSION,
    standard_terms: EXPRESSIONS,
    claims: {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: EXPRESSION,
          each: EXPRESSION,
          amount: EXPRESSION,
          of: EXPRESSION,
          noted: { type: 'string', pattern: '^[a-z][a-z_]{0,31}[.][a-z][a-z_.]{0,63}$' },
          from: EXPRESSION,
          to: EXPRESSION,
          once: { const: true },
        },
      },
    },
    // `nothing`, for all of it or in place of one of the expressions.
    commits: {
      anyOf: [
        { const: 'nothing' },
        {
          type: 'object',
          additionalProperties: false,
          properties: { total: EXPRESSION, term_months: EXPRESSION, seats: EXPRESSION },
        },
      ],
    },
    price: {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'to'],
      properties: { from: EXPRESSION, to: EXPRESSION, times: EXPRESSION },
    },
    grants: EXPRESSION,
    shows: {
      type: 'object',
      minProperties: 1,
      additionalProperties: { type: 'array', minItems: 1, maxItems: 50, items: { type: 'string', maxLength: 64 } },
    },
    result: EXPRESSIONS,
    compensation: {
      type: 'object',
      additionalProperties: false,
      required: ['by'],
      properties: {
        by: { enum: ['undo', 'action', 'person', 'none'] },
        action: { type: 'string', pattern: '^[a-z]+\\.[a-z]+$' },
      },
    },
    cooling_off_days: { type: 'integer', minimum: 0, maximum: 90 },
    words: {
      type: 'object',
      additionalProperties: false,
      required: ['request', 'approval', 'reversal'],
      properties: { request: sentence, approval: sentence, reversal: sentence, law: sentence },
    },
    input: { type: 'object' },
    terms: { type: 'object' },
    output: { type: 'object' },
    examples: {
      type: 'object',
      additionalProperties: false,
      required: ['valid', 'invalid'],
      properties: {
        valid: { type: 'array', minItems: 1, items: { type: 'object' } },
        invalid: { type: 'array', minItems: 1, items: { type: 'object' } },
      },
    },
  },
} as const;

/** What a file in protocol/actions/ must look like. */
export const definitionSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'version', 'title', 'summary', 'description', 'kind', 'risk', 'mandate', 'default_signoff', 'negotiable', 'input', 'output', 'examples'],
  properties: {
    name: { type: 'string', pattern: '^[a-z]+\\.[a-z]+$' },
    version: { type: 'string', pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' },
    title: { type: 'string', maxLength: 80 },
    summary: { type: 'string', maxLength: 200 },
    description: { type: 'string', maxLength: 1000 },
    kind: { enum: ['write', 'check', 'handoff'] },
    risk: { enum: ['R0', 'R1', 'R2', 'R3'] },
    mandate: { enum: ['required', 'none'] },
    default_signoff: { enum: ['none', 'policy', 'always'] },
    negotiable: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['pointer', 'label', 'kind'],
        properties: { pointer: { type: 'string' }, label: { type: 'string' }, kind: { enum: ['money', 'months', 'count', 'date', 'days'] } },
      },
    },
    input: { type: 'object' },
    terms: { type: 'object' },
    output: { type: 'object' },
    examples: {
      type: 'object',
      additionalProperties: false,
      required: ['valid', 'invalid'],
      properties: { valid: { type: 'array', minItems: 1, items: { type: 'object' } }, invalid: { type: 'array', minItems: 1, items: { type: 'object' } } },
    },
  },
} as const;

/** What the suite's fixtures hand out: the names, texts and shapes are the suite's own. */
import type {
  CallToolResult,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  Tool,
} from '@modelcontextprotocol/server';

/** One red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';
/** A header and no samples. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

type Content = CallToolResult['content'][number];

export const text = (words: string): Content & { type: 'text' } => ({ type: 'text', text: words });
export const said = (words: string): CallToolResult => ({ content: [text(words)] });
const image: Content = { type: 'image', data: PNG, mimeType: 'image/png' };
const embedded = (uri: string, mimeType: string, words: string): Content => ({
  type: 'resource',
  resource: { uri, mimeType, text: words },
});

/** Tools that always answer the same. */
export const CONSTANT: Readonly<Record<string, CallToolResult>> = {
  test_simple_text: said('This is a simple text response for testing.'),
  test_image_content: { content: [image] },
  test_audio_content: { content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] },
  test_embedded_resource: {
    content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  },
  test_multiple_content_types: {
    content: [
      text('Multiple content types test:'),
      image,
      embedded('test://mixed-content-resource', 'application/json', JSON.stringify({ test: 'data', value: 123 })),
    ],
  },
  test_error_handling: { isError: true, ...said('This tool intentionally returns an error for testing') },
  json_schema_2020_12_tool: said('The schema is the point.'),
};

const none: Tool['inputSchema'] = { type: 'object', properties: {} };
const texts = (...names: string[]): Tool['inputSchema'] => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  required: names,
});

const RICH: Tool['inputSchema'] = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

const SCHEMAS: Readonly<Record<string, Tool['inputSchema']>> = {
  json_schema_2020_12_tool: RICH,
  test_sampling: texts('prompt'),
  test_elicitation: texts('message'),
  greet: texts('name'),
  slow_compute: {
    type: 'object',
    properties: { seconds: { type: 'number' }, label: { type: 'string' } },
    required: ['seconds'],
  },
  confirm_delete: texts('filename'),
};

export const tool = (name: string): Tool => ({
  name,
  description: `A fixture of the MCP conformance suite: ${name}.`,
  inputSchema: SCHEMAS[name] ?? none,
});

export const RESOURCES: readonly Resource[] = [
  { uri: 'test://static-text', name: 'static-text', description: 'A text.', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static-binary', description: 'An image.', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched-resource', description: 'A text to watch.', mimeType: 'text/plain' },
];

export const TEMPLATE: ResourceTemplateType = {
  uriTemplate: 'test://template/{id}/data',
  name: 'template',
  description: 'Data by id.',
  mimeType: 'application/json',
};

export function resource(uri: string): ReadResourceResult | undefined {
  const [, id] = /^test:\/\/template\/([\w-]{1,64})\/data$/.exec(uri) ?? [];
  if (id !== undefined) {
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { contents: [{ uri, mimeType: 'application/json', text: data }] };
  }
  const listed = RESOURCES.find((each) => each.uri === uri);
  if (listed === undefined) return undefined;
  const { mimeType = 'text/plain' } = listed;
  if (mimeType === 'image/png') return { contents: [{ uri, mimeType, blob: PNG }] };
  return { contents: [{ uri, mimeType, text: 'This is the content of the static text resource.' }] };
}

const argument = (name: string) => ({ name, description: `The ${name}.`, required: true });

export const PROMPTS: readonly Prompt[] = [
  { name: 'test_simple_prompt', description: 'Without arguments.' },
  {
    name: 'test_prompt_with_arguments',
    description: 'With two arguments.',
    arguments: [argument('arg1'), argument('arg2')],
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'With a resource in it.',
    arguments: [argument('resourceUri')],
  },
  { name: 'test_prompt_with_image', description: 'With an image in it.' },
  { name: 'test_input_required_result_prompt', description: 'Asks first.' },
];

/** A prompt's messages; those it asks for first are elsewhere (questions.ts). */
export function promptContents(name: string, args: Readonly<Record<string, string>>): readonly Content[] | undefined {
  switch (name) {
    case 'test_simple_prompt':
      return [text('This is a simple prompt for testing.')];
    case 'test_prompt_with_arguments':
      return [text(`Prompt with arguments: arg1='${args['arg1'] ?? ''}', arg2='${args['arg2'] ?? ''}'`)];
    case 'test_prompt_with_embedded_resource':
      return [
        embedded(args['resourceUri'] ?? '', 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ];
    case 'test_prompt_with_image':
      return [image, text('Please analyze the image above.')];
    default:
      return undefined;
  }
}

/** What everybody is shown alike, as bytes made once for each set of actions: the SDK answers with an empty one, which is filled on its way
 * out. A hundred kilobytes that fifty bytes ask for are copied, never made. */
import type { Json } from '../../../protocol/base/json.ts';

export interface Prebuilt {
  readonly tools: Uint8Array;
  /** Of public resources, by their URIs. */
  readonly texts: ReadonlyMap<string, Uint8Array>;
}

const EMPTY_TOOLS = '"tools":[]';
const EMPTY_TEXT = '"text":""';

export function prebuilt(tools: readonly object[], texts: ReadonlyMap<string, string>): Prebuilt {
  return {
    tools: Buffer.from(`"tools":${JSON.stringify(tools)}`),
    texts: new Map([...texts].map(([uri, text]) => [uri, Buffer.from(`"text":${JSON.stringify(text)}`)])),
  };
}

interface Wanted {
  readonly method: string;
  readonly uri: string | undefined;
}

/** The requests of a body, alone or in a batch, that are answered with something prebuilt or could be. */
export function listsIn(body: Json | undefined): readonly Wanted[] {
  if (Array.isArray(body)) return body.flatMap(listsIn);
  if (typeof body !== 'object' || body === null || !('method' in body)) return [];
  const { method, params } = body;
  if (method !== 'tools/list' && method !== 'resources/read') return [];
  const uri = typeof params === 'object' && params !== null && 'uri' in params ? params['uri'] : undefined;
  return [{ method, uri: typeof uri === 'string' ? uri : undefined }];
}

/** The answer to a body with one such request at most. Quotes inside of JSON strings are escaped: what is looked for stands nowhere else. */
export function filled(body: Json | undefined, answer: Uint8Array, { tools, texts }: Prebuilt): Uint8Array {
  const [wanted] = listsIn(body);
  if (wanted === undefined) return answer;
  const whole = wanted.method === 'tools/list' ? tools : texts.get(wanted.uri ?? '');
  const empty = wanted.method === 'tools/list' ? EMPTY_TOOLS : EMPTY_TEXT;
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  const at = whole === undefined ? -1 : bytes.indexOf(empty);
  if (whole === undefined || at < 0) return answer;
  return Buffer.concat([bytes.subarray(0, at), whole, bytes.subarray(at + empty.length)]);
}

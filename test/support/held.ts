/** Holds every answer of the native binding to the gateway's own `/openapi.json`: what a generated client would break at. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Json, JsonObject } from '../../protocol/base/json.ts';

const NATIVE = /^\/(?:agents|actions|operations|invitations)(?:\/|$)/;

/** Of one gateway. */
const SEEN_MAX = 2_000;

interface Answered {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly type: string;
  readonly body: Promise<string>;
}

export interface Held {
  witness(request: Request, answer: Response): void;
  /** What did not keep to the document so far. */
  drift(): Promise<readonly string[]>;
}

export function holdAnswers(origin: string): Held {
  const seen: Answered[] = [];
  return {
    witness({ method, url }, answer) {
      const { pathname: path } = new URL(url);
      const type = answer.headers.get('content-type') ?? '';
      if (seen.length < SEEN_MAX && NATIVE.test(path) && type.includes('json'))
        seen.push({ method, path, status: answer.status, type, body: textOf(answer.clone()) });
    },

    async drift() {
      const document = (await (await fetch(`${origin}/openapi.json`)).json()) as JsonObject;
      const judge = judgeBy(document);
      const found = await Promise.all(seen.map(async (each) => judge(each, await each.body)));
      return [...new Set(found.filter((each) => each !== undefined))];
    },
  };
}

async function textOf(answer: Response): Promise<string> {
  const bytes = Buffer.from(await answer.arrayBuffer());
  const coding = answer.headers.get('content-encoding');
  const plain = coding === 'gzip' ? gunzipSync(bytes) : coding === 'br' ? brotliDecompressSync(bytes) : bytes;
  return plain.toString('utf8');
}

function judgeBy(document: JsonObject) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'openapi', ...document });
  const paths = Object.keys(document['paths'] as JsonObject);
  const compiled = new Map<string, ValidateFunction>();
  const validatorAt = (pointer: string): ValidateFunction => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    compiled.set(pointer, known);
    return known;
  };
  return ({ method, path, status, type }: Answered, body: string): string | undefined => {
    const at = paths.find((each) =>
      new RegExp(`^${each.replace(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`).test(path),
    );
    const what = `${method} ${at ?? path} ${status}`;
    const operation = memberOf(memberOf(document['paths'], at ?? ''), method.toLowerCase());
    // Of what is not there, or not in this method, a problem is all there is to say.
    if (operation === undefined)
      return [404, 405].includes(status) || method === 'HEAD' ? undefined : `${what}: not documented`;
    const key = memberOf(memberOf(operation, 'responses'), String(status)) === undefined ? 'default' : String(status);
    if (key === 'default' && status < 400) return `${what}: this status is not documented`;
    const essence = type.split(';')[0]?.trim() ?? '';
    const pointer = ['paths', at ?? '', method.toLowerCase(), 'responses', key, 'content', essence, 'schema'];
    if (pointer.reduce<Json | undefined>(memberOf, document) === undefined)
      return `${what}: ${essence} is not documented`;
    const validate = validatorAt(`/${pointer.map(escaped).join('/')}`);
    return validate(JSON.parse(body)) ? undefined : `${what}: ${ajv.errorsText(validate.errors)}`;
  };
}

const escaped = (name: string): string => encodeURIComponent(name.replace(/~/g, '~0').replace(/\//g, '~1'));

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject)[name] : undefined;
}

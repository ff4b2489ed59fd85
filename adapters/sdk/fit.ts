import type { Json } from '../../protocol/base/json.ts';
import { AdapterError } from './index.ts';
import type { MappedField } from './mapping.ts';
import { isDay, isMoney, isWhole } from './values.ts';

/** The value as the field holds it; text without the white space around it. Throws `invalid` for what the field cannot hold. */
export function fitted({ name, kind, charsMax, values, keepsEmpty }: MappedField, value: Json): Json {
  if (value === null) return null;
  switch (kind) {
    case 'text':
    case 'long': {
      const text = typeof value === 'string' ? value.trim() : undefined;
      const strange = kind === 'text' ? /\p{Cc}/u : /[^\P{Cc}\n\t]/u;
      if (text === undefined || !text.isWellFormed() || strange.test(text)) throw unfit(name, 'is not a text');
      if (text.length > charsMax) throw unfit(name, `is longer than ${charsMax} characters`);
      return text === '' && !keepsEmpty ? null : text;
    }
    case 'id':
      if (typeof value !== 'string') throw unfit(name, 'is not an identifier');
      return value;
    case 'whole':
      if (!isWhole(value)) throw unfit(name, 'is not a whole number');
      return value;
    case 'day':
      if (!isDay(value)) throw unfit(name, 'is not a date');
      return value;
    case 'flag':
      if (typeof value !== 'boolean') throw unfit(name, 'is neither true nor false');
      return value;
    case 'money':
      if (!isMoney(value)) throw unfit(name, 'is not an amount of money');
      return value;
    case 'choice':
      if (typeof value !== 'string' || !values.has(value)) throw unfit(name, 'is not one of the values the CRM knows');
      return value;
    case 'json':
      return value;
  }
}

export function unfit(path: string, message: string): AdapterError {
  return new AdapterError('invalid', 'It cannot be written as asked.', { fields: [{ path, message }] });
}

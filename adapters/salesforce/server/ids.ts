/** Salesforce record ids: 15 characters that tell letter case apart, and three more that let case be lost. */
const BASE = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECK = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** The `n`th id of a type, always the same one: three characters of the type, three of the instance, nine of the number. */
export function recordId(prefix: string, n: number): string {
  let digits = '';
  for (let rest = n; rest > 0; rest = Math.floor(rest / 62)) digits = `${BASE[rest % 62]}${digits}`;
  return withCheck(`${prefix}5g0${digits.padStart(9, '0')}`);
}

/** The 18 characters of an id given in 15 or 18; undefined for what is no id. */
export function fullId(id: string): string | undefined {
  if (!/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(id)) return undefined;
  const full = withCheck(id.slice(0, 15));
  return id.length === 15 || full === id ? full : undefined;
}

function withCheck(id: string): string {
  const check = [0, 5, 10].map((from) => {
    const bits = [...id.slice(from, from + 5)].reduce((sum, char, at) => sum + (/[A-Z]/.test(char) ? 2 ** at : 0), 0);
    return CHECK[bits];
  });
  return `${id}${check.join('')}`;
}

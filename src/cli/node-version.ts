/** What to do about a Node.js that cannot run Parley; `undefined` for one that can. Imports nothing: it is asked before all else. */
export function tooOld(version: string, wanted = '22.19.0'): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return undefined;
  return `parley needs Node.js ${wantedMajor}.${wantedMinor} or later, and this is ${version}: install a newer one (https://nodejs.org), or run npx --package node@24 -- parley …`;
}

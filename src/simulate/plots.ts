/** Plots as inline SVG, drawn for a phone's width: on a wide screen they stand side by side, and never shrink below what can be read. */
import type { Dot, FamilyResult } from './measure.ts';
import { FAMILIES, type Family, OPPONENTS } from './opponents.ts';

const WIDTH = 360;
const NAME = 152;
const VALUE = 42;
const ROW = 24;
const BAR = WIDTH - NAME - VALUE;

const round = (value: number) => Math.round(value * 10) / 10;
const clamp = (value: number) => Math.min(1, Math.max(0, value));
const svg = (height: number, label: string, inside: string) =>
  `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${inside}</svg>`;

/** Of all that could be gained, each side's part; what is left was left lying. */
export function shares(families: readonly FamilyResult[]): string {
  const rows = families.map(({ family, joint, company, customer }, index) => {
    const y = index * ROW;
    const gained = company.value + customer.value;
    const own = gained <= 0 ? 0 : clamp(joint.value) * clamp(company.value / gained);
    const theirs = gained <= 0 ? 0 : clamp(joint.value) * clamp(customer.value / gained);
    const [x, split, end] = [NAME, NAME + own * BAR, NAME + (own + theirs) * BAR];
    return `${nameOf(family, y)}<rect class="rest" x="${x}" y="${y + 4}" width="${BAR}" height="16"/><rect class="own" x="${x}" y="${y + 4}" width="${round(split - x)}" height="16"/><rect class="theirs" x="${round(split)}" y="${y + 4}" width="${round(end - split)}" height="16"/>${percentAt(joint.value, y)}`;
  });
  return svg(families.length * ROW, 'Parts of what could be gained, one bar a family', rows.join(''));
}

/** Agreements where both could gain, with where they lie 95 times in 100; of two policies, the other's below the first's. */
export function agreements(families: readonly FamilyResult[], others: readonly FamilyResult[] = []): string {
  const height = others.length === 0 ? ROW : ROW + 10;
  const rows = families.map((each, index) => {
    const y = index * height;
    const other = others.find(({ family }) => family === each.family);
    return `${nameOf(each.family, y)}${bar(each, y + 5, 'own')}${other === undefined ? '' : bar(other, y + 17, 'theirs')}${percentAt(each.agreed.value, y)}`;
  });
  return svg(families.length * height, 'Agreements, one bar a family', rows.join(''));
}

function bar({ agreed: { value, low, high } }: FamilyResult, y: number, kind: string): string {
  const at = (part: number) => round(NAME + clamp(part) * BAR);
  return `<rect class="rest" x="${NAME}" y="${y}" width="${BAR}" height="10"/><rect class="${kind}" x="${NAME}" y="${y}" width="${round(clamp(value) * BAR)}" height="10"/><line class="sure" x1="${at(low)}" x2="${at(high)}" y1="${y + 5}" y2="${y + 5}"/>`;
}

function nameOf(family: Family, y: number): string {
  return `<text x="${NAME - 8}" y="${y + 17}" text-anchor="end">${family}</text>`;
}

function percentAt(part: number, y: number): string {
  return `<text class="tick" x="${WIDTH}" y="${y + 17}" text-anchor="end">${Math.round(part * 100)} %</text>`;
}

const SIDE = 300;
const LEFT = 48;
const BOTTOM = 44;
const DOTS_A_FAMILY = 30;

/** Both sides' gains, one dot an agreement: on the line nothing was left lying (but for what `never` forbids). */
export function scatter(dots: readonly Dot[]): string {
  const x = (customer: number) => round(LEFT + clamp(customer) * (WIDTH - LEFT - 8));
  const y = (company: number) => round(8 + (1 - clamp(company)) * (SIDE - BOTTOM - 8));
  const marks = FAMILIES.flatMap((family) => dots.filter((dot) => dot.family === family).slice(0, DOTS_A_FAMILY))
    .filter(({ company, customer }) => company >= 0 && customer >= 0)
    .map(
      (dot) =>
        `<circle class="${OPPONENTS[dot.family].group}" cx="${x(dot.customer)}" cy="${y(dot.company)}" r="2.6"/>`,
    );
  const ticks = [0, 0.5, 1].flatMap((part) => [
    `<text class="tick" x="${x(part)}" y="${SIDE - BOTTOM + 16}" text-anchor="${part === 1 ? 'end' : 'middle'}">${part * 100} %</text>`,
    `<text class="tick" x="${LEFT - 6}" y="${y(part) + 4}" text-anchor="end">${part * 100} %</text>`,
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(part)}" y2="${y(part)}"/>`,
  ]);
  const frontier = `<line class="frontier" x1="${x(0)}" y1="${y(1)}" x2="${x(1)}" y2="${y(0)}"/>`;
  return svg(
    SIDE,
    'Gains of both sides, one dot an agreement',
    `${ticks.join('')}${frontier}<g>${marks.join('')}</g><text class="tick" x="${(LEFT + WIDTH) / 2}" y="${SIDE - 6}" text-anchor="middle">the customer’s part of the most it could have</text><text class="tick" transform="translate(11 ${(SIDE - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">the company’s</text>`,
  );
}

/** The simulation as one page that stands alone: a table and three plots, no script, no other file. */
import type { Dot, Simulation } from './measure.ts';
import { FAMILIES, type Family, OPPONENTS } from './opponents.ts';
import { LEGEND, rowsOf } from './report.ts';

export interface PageFacts {
  readonly company: string;
  readonly action: string;
  readonly seed: number;
}

/** Of Okabe and Ito's palette: told apart with every kind of colour vision. */
const COLOURS = { cooperative: '#0072b2', hard: '#d55e00', apart: '#7f7f7f' } as const;
const colourOf = (family: Family) => COLOURS[OPPONENTS[family].group];
const DOTS_A_FAMILY = 40;

export function page(simulation: Simulation, { company, action, seed }: PageFacts): string {
  const [head = [], ...rows] = rowsOf(simulation);
  const cells = (row: readonly string[], tag: 'th' | 'td') =>
    row.map((cell) => `<${tag}>${text(cell)}</${tag}>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Simulated negotiations: ${text(action)}</title>
<style>${STYLE}</style></head><body><main>
<h1>${text(action)}, simulated</h1>
<p class="lede">The negotiation policy of ${text(company)} against ${rows.length} families of customers’ agents. Seed ${seed}: the same seed gives the same page.</p>
<section><h2>What was agreed</h2>${scatter(simulation)}</section>
<div class="two"><section><h2>Agreements where both could gain</h2>${bars(simulation.families.map(({ family, agreed }) => [family, agreed.value * 100, '%']))}</section>
<section><h2>Discount given</h2>${bars(simulation.families.map(({ family, discount }) => [family, discount, '%']))}</section></div>
<section><h2>In numbers</h2><div class="scroll"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table></div><p class="lede">${text(LEGEND)}</p></section>
</main></body></html>
`;
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 56;
const BOTTOM = 44;

/** Both sides' gains, one dot an agreement, as parts of the most each could have had. */
function scatter({ dots }: Simulation): string {
  const shown = FAMILIES.flatMap((family) => dots.filter((dot) => dot.family === family).slice(0, DOTS_A_FAMILY));
  const x = (customer: number) => round(LEFT + customer * (WIDTH - LEFT - 12));
  const y = (company: number) => round(HEIGHT - BOTTOM - company * (HEIGHT - BOTTOM - 12));
  const inside = ({ customer, company }: Dot) => customer >= 0 && company >= 0;
  const marks = shown
    .filter(inside)
    .map((dot) => `<circle cx="${x(dot.customer)}" cy="${y(dot.company)}" r="3" fill="${colourOf(dot.family)}"/>`);
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((part) => [
    `<text class="tick" x="${x(part)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${part * 100} %</text>`,
    `<text class="tick" x="${LEFT - 8}" y="${y(part) + 4}" text-anchor="end">${part * 100} %</text>`,
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - 12}" y1="${y(part)}" y2="${y(part)}"/>`,
  ]);
  const frontier = `<line class="frontier" x1="${x(0)}" y1="${y(1)}" x2="${x(1)}" y2="${y(0)}"/>`;
  const legend = Object.entries(COLOURS)
    .map(([group, colour]) => `<span><i style="background:${colour}"></i>${group}</span>`)
    .join('');
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Gains of both sides, one dot an agreement">${ticks.join('')}${frontier}<g fill-opacity=".55">${marks.join('')}</g>
<text class="axis" x="${(LEFT + WIDTH) / 2}" y="${HEIGHT - 6}" text-anchor="middle">the customer’s gain, of the most it could have</text><text class="axis" transform="translate(14 ${HEIGHT / 2 - 16}) rotate(-90)" text-anchor="middle">the company’s</text></svg>
<p class="legend">${legend}<span><i class="line"></i>best for one without worse for the other</span></p>`;
}

function bars(values: readonly (readonly [family: Family, value: number, unit: string])[]): string {
  const most = Math.max(1, ...values.map(([, value]) => value));
  const rows = values.map(([family, value, unit], index) => {
    const y = index * 30;
    const width = round((Math.max(0, value) / most) * 140);
    return `<text x="150" y="${y + 19}" text-anchor="end">${family}</text><rect x="158" y="${y + 5}" width="${width}" height="20" rx="3" fill="${colourOf(family)}"/><text class="tick" x="${164 + width}" y="${y + 19}">${value.toFixed(1)} ${unit}</text>`;
  });
  return `<svg viewBox="0 0 360 ${values.length * 30}" role="img" aria-label="One bar a family">${rows.join('')}</svg>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

function text(value: string): string {
  return value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const STYLE = `:root{color-scheme:light dark;--ink:light-dark(#14181f,#e8ebf0);--soft:light-dark(#5a6472,#9aa5b4);--paper:light-dark(#f6f5f1,#12151a);--card:light-dark(#fff,#1a1f26);--line:light-dark(#e2dfd6,#2b323c)}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,"Segoe UI",Roboto,sans-serif}
main{max-width:62rem;margin:0 auto;padding:2rem clamp(1rem,4vw,2.4rem) 4rem}h1{font-size:1.7rem;letter-spacing:-.02em;margin:0 0 .3rem}h2{font-size:1.02rem;margin:0 0 .8rem}.lede{color:var(--soft);margin:0 0 1.2rem}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.2rem 1.3rem;margin:0 0 1.1rem}.two{display:grid;gap:0 1.1rem;grid-template-columns:1fr 1fr}@media(max-width:48rem){.two{grid-template-columns:1fr}}
svg{width:100%;height:auto;display:block;font:13px ui-sans-serif,system-ui,sans-serif;fill:var(--ink)}.tick,.axis{fill:var(--soft);font-size:12px}.grid{stroke:var(--line)}.frontier{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-dasharray:4 3}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1rem;color:var(--soft);font-size:.9rem;margin:.8rem 0 0}.legend i{display:inline-block;width:.75em;height:.75em;border-radius:50%;margin-right:.4em}.legend i.line{width:1.4em;height:0;border-radius:0;border-top:2px dashed var(--ink);vertical-align:middle}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}th{color:var(--soft);font-weight:600;font-size:.82rem}th,td{text-align:right;padding:.45rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}th:first-child,td:first-child{text-align:left}`;

/** The simulation as one page that stands alone: what follows, plots, and the table; no script, no other file. */

import type { Dot, FamilyResult } from './measure.ts';
import { agreements, scatter, shares } from './plots.ts';
import { comparisonWords, LEGEND, type Opening, openingRows, rowsOf } from './report.ts';
import type { Compared } from './study.ts';

export interface PageFacts {
  readonly company: string;
  readonly action: string;
  readonly seed: number;
  readonly families: readonly FamilyResult[];
  readonly dots: readonly Dot[];
  readonly openings: readonly Opening[];
  readonly advice: readonly string[];
  readonly comparison?: Compared | undefined;
}

export function page({ company, action, seed, families, dots, openings, advice, comparison }: PageFacts): string {
  const talks = families[0]?.talks ?? 0;
  const legend = (entries: readonly (readonly [kind: string, words: string])[]) =>
    `<p class="legend">${entries.map(([kind, words]) => `<span><i class="${kind}"></i>${words}</span>`).join('')}</p>`;
  const compared =
    comparison === undefined
      ? ''
      : `<section><h2>Is the other policy better?</h2>${list(comparisonWords(comparison))}</section>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Simulated negotiations: ${text(action)}</title>
<style>${STYLE}</style></head><body><main>
<h1>${text(action)}, simulated</h1>
<p class="lede">The negotiation policy of ${text(company)} against ${families.length} families of customers’ agents, ${talks} talks each. Seed ${seed}: the same seed gives the same page.</p>
${compared}<section><h2>What to change</h2>${list(advice.length === 0 ? ['Nothing stands out.'] : advice)}</section>
<section><h2>The first offer on records as they are</h2><div class="scroll">${tableOf(openingRows(openings))}</div></section>
<div class="two"><section><h2>Agreements where both could gain</h2>${agreements(families, comparison?.families)}${legend(
    comparison === undefined
      ? [['own', 'agreed']]
      : [
          ['own', 'this policy'],
          ['theirs', 'the other'],
        ],
  )}</section>
<section><h2>Who has what of all that could be gained</h2>${shares(families)}${legend([
    ['own', 'the company'],
    ['theirs', 'the customer'],
    ['rest', 'left lying'],
  ])}</section></div>
<section class="narrow"><h2>What was agreed</h2>${scatter(dots)}${legend([
    ['cooperative', 'move towards an agreement'],
    ['hard', 'hard or hostile'],
    ['apart', 'ask for what they would not sign'],
    ['line', 'nothing left lying'],
  ])}</section>
<section><h2>In numbers</h2><div class="scroll">${tableOf(rowsOf(families))}</div><p class="lede">${text(LEGEND)}</p></section>
</main></body></html>
`;
}

function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: 'th' | 'td') =>
    row.map((cell) => `<${tag}>${text(cell)}</${tag}>`).join('');
  return `<table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table>`;
}

function list(lines: readonly string[]): string {
  return `<ul>${lines.map((line) => `<li>${text(line)}</li>`).join('')}</ul>`;
}

function text(value: string): string {
  return value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Of Okabe and Ito's palette: told apart with every kind of colour vision. */
const STYLE = `:root{color-scheme:light dark;--ink:light-dark(#14181f,#e8ebf0);--soft:light-dark(#5a6472,#9aa5b4);--paper:light-dark(#f6f5f1,#12151a);--card:light-dark(#fff,#1a1f26);--line:light-dark(#e2dfd6,#2b323c);--own:light-dark(#0072b2,#56b4e9);--theirs:light-dark(#e69f00,#e69f00);--hard:light-dark(#d55e00,#ff8a3d);--rest:light-dark(#eae8e1,#2b323c)}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,"Segoe UI",Roboto,sans-serif}
main{max-width:62rem;margin:0 auto;padding:2rem clamp(.8rem,4vw,2.4rem) 4rem}h1{font-size:1.7rem;letter-spacing:-.02em;margin:0 0 .3rem;overflow-wrap:anywhere}h2{font-size:1.02rem;margin:0 0 .8rem}.lede{color:var(--soft);margin:0 0 1.2rem}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem clamp(.8rem,3vw,1.3rem);margin:0 0 1.1rem;min-width:0}.two{display:grid;gap:0 1.1rem;grid-template-columns:1fr 1fr}@media(max-width:52rem){.two{grid-template-columns:1fr}}.narrow svg{max-width:34rem}
ul{margin:0;padding-left:1.1rem}li{margin:.3rem 0}
svg{width:100%;height:auto;display:block;font:12.5px ui-sans-serif,system-ui,sans-serif;fill:var(--ink)}.tick{fill:var(--soft);font-size:11.5px}.grid{stroke:var(--line)}.frontier{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:4 3}
rect.own{fill:var(--own)}rect.theirs{fill:var(--theirs)}rect.rest{fill:var(--rest)}.sure{stroke:var(--ink);stroke-width:1.6}circle{fill-opacity:.6}circle.cooperative{fill:var(--own)}circle.hard{fill:var(--hard)}circle.apart{fill:var(--soft)}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1rem;color:var(--soft);font-size:.9rem;margin:.8rem 0 0}.legend i{display:inline-block;width:.75em;height:.75em;border-radius:50%;margin-right:.4em;background:var(--soft)}.legend i.own,.legend i.cooperative{background:var(--own)}.legend i.theirs{background:var(--theirs)}.legend i.hard{background:var(--hard)}.legend i.rest{background:var(--rest)}.legend i.line{width:1.4em;height:0;border-radius:0;background:none;border-top:2px dashed var(--ink);vertical-align:middle}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}th{color:var(--soft);font-weight:600;font-size:.82rem}th,td{text-align:right;padding:.45rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--card)}`;

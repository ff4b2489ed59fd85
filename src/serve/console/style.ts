/** One stylesheet, no script. */
export const STYLE = `
:root{color-scheme:light dark;--ink:light-dark(#14181f,#e8ebf0);--soft:light-dark(#5a6472,#9aa5b4);--paper:light-dark(#f6f5f1,#12151a);--card:light-dark(#fff,#1a1f26);--line:light-dark(#e2dfd6,#2b323c);--accent:light-dark(#0b5d57,#5fd0c3);--good:light-dark(#0b6b3a,#63d297);--bad:light-dark(#a3262a,#ff8e8a);--was:light-dark(#fbe9e7,#3a2020);--now:light-dark(#e3f4ea,#16321f);--warn:light-dark(#fff6dc,#3a3117)}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,"Segoe UI",Roboto,sans-serif}
header.top{display:flex;gap:1.2rem;align-items:center;padding:.9rem clamp(1rem,4vw,2.4rem);border-bottom:1px solid var(--line);background:var(--card);flex-wrap:wrap}
header.top b{font-size:1.05rem;letter-spacing:-.01em}header.top b::before{content:"";display:inline-block;width:.62em;height:.62em;border-radius:50% 50% 50% 0;background:var(--accent);margin-right:.5em}
header.top nav{display:flex;gap:1rem;flex:1;white-space:nowrap}a{color:var(--accent);text-underline-offset:.2em}header.top nav a{text-decoration:none;color:var(--soft)}header.top nav a[aria-current]{color:var(--ink);font-weight:600}
header.top form{margin:0}.who{color:var(--soft);font-size:.9rem}
main{max-width:66rem;margin:0 auto;padding:1.8rem clamp(1rem,4vw,2.4rem) 4rem}
h1{font-size:1.7rem;line-height:1.2;letter-spacing:-.02em;margin:.2rem 0 .4rem}h2{font-size:1.02rem;margin:0 0 .8rem}
.lede{color:var(--soft);margin:0 0 1.4rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.2rem 1.3rem;margin:0 0 1.1rem}
.grid{display:grid;gap:1.1rem;grid-template-columns:minmax(0,2fr) minmax(0,1fr);align-items:start}@media(max-width:52rem){.grid{grid-template-columns:minmax(0,1fr)}}
.grid.decide{grid-template-areas:"plan side" "rest side";grid-template-rows:auto 1fr}.decide>.plan{grid-area:plan}.decide>.side{grid-area:side}.decide>.rest{grid-area:rest}@media(max-width:52rem){.grid.decide{grid-template-areas:"plan" "side" "rest";gap:0}.grid.decide.first{grid-template-areas:"side" "plan" "rest"}}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th{text-align:left;font-weight:600;color:var(--soft);font-size:.85rem}th,td{padding:.5rem .6rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere;min-width:3.6rem}th{overflow-wrap:break-word}tr:last-child>*{border-bottom:0}
td.was{background:var(--was)}td.now{background:var(--now);font-weight:600}td.num{text-align:right}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.35rem 1rem;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
dl.events{display:block}dl.events dd{margin:0 0 .55rem;overflow-wrap:break-word}
.tag{display:inline-block;white-space:nowrap;border:1px solid var(--line);border-radius:99px;padding:.05rem .6rem;font-size:.82rem;color:var(--soft)}.row .tag{align-self:start;justify-self:start}.tag.good{color:var(--good);border-color:currentColor}.tag.bad{color:var(--bad);border-color:currentColor}
.why{background:var(--warn);border-radius:10px;padding:.75rem 1rem;margin:0 0 1.1rem}.why ul{margin:.2rem 0 0;padding-left:1.1rem}
blockquote{margin:.3rem 0 1rem;padding:.5rem .9rem;border-left:3px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere;max-height:16rem;overflow:auto}
.said{font-size:.85rem;color:var(--soft)}code{font:.85em ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
label{display:block;font-weight:600;margin:.7rem 0 .25rem}input,textarea{font:inherit;width:100%;padding:.55rem .7rem;border:1px solid var(--line);border-radius:8px;background:var(--paper);color:var(--ink)}
button{font:inherit;font-weight:600;border:1px solid var(--line);border-radius:8px;padding:.6rem 1.1rem;background:var(--card);color:var(--ink);cursor:pointer}button.go{background:var(--accent);border-color:var(--accent);color:var(--card)}button.no{color:var(--bad);border-color:currentColor}button.plain{border:0;background:none;padding:.2rem;color:var(--soft);font-weight:400}
button:focus-visible,a:focus-visible,input:focus-visible,textarea:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
label.sure{display:flex;gap:.6rem;align-items:start}label.sure input{width:auto;margin-top:.35em}
details{margin-top:.9rem;border-top:1px solid var(--line);padding-top:.8rem}summary{cursor:pointer;font-weight:600}
.inbox a.row{display:grid;grid-template-columns:minmax(0,1fr) max-content;gap:.15rem 1rem;padding:.9rem 1.3rem;border-bottom:1px solid var(--line);text-decoration:none;color:inherit}.inbox a.row:last-child{border-bottom:0}.inbox a.row:hover{background:var(--paper)}.inbox{padding:0;overflow:hidden}.row>.what,.row>.whom,.row>.said{grid-column:1;min-width:0;overflow-wrap:break-word}.row>.tag{grid-column:2;grid-row:1}.row code{overflow-wrap:anywhere}.kind{font-variant-numeric:tabular-nums;color:var(--ink)}.worth{white-space:nowrap;font-variant-numeric:tabular-nums}.empty{padding:2.4rem;text-align:center;color:var(--soft)}
.whose{font-weight:600}.nb,td.short{white-space:nowrap}.long{max-height:14rem;overflow:auto;white-space:pre-wrap;font-weight:400}.up,.down{font-variant-numeric:tabular-nums;white-space:nowrap}
dl.figures{grid-template-columns:repeat(auto-fit,minmax(min(100%,11rem),1fr));gap:.8rem 1.4rem;margin:0 0 1.2rem;padding:.9rem 1.1rem;background:var(--card);border:1px solid var(--line);border-radius:12px}.figures dt{font-size:.82rem}.figures dd{font-variant-numeric:tabular-nums;overflow-wrap:break-word}.figures dd b{font-size:1.08rem}
nav.pages{display:flex;gap:1.2rem;justify-content:flex-end}.condition{margin-top:1.4rem}
fieldset{border:0;margin:.9rem 0 0;padding:0}legend{font-weight:600;padding:0;margin-bottom:.25rem}label.pick{display:flex;gap:.6rem;align-items:baseline;font-weight:400;margin:.15rem 0;padding:.3rem 0}label.pick input{width:auto}
.error{color:var(--bad);font-weight:600}div.error{margin:0 0 1.1rem}.error ul{margin:.2rem 0 0;padding-left:1.1rem}.sign-in{max-width:24rem;margin:8vh auto}
@media(max-width:40rem){header.top{gap:.4rem 1rem}.inbox a.row{grid-template-columns:minmax(0,1fr)}.row>.tag{grid-column:1;grid-row:auto}.inbox a.row{padding:.9rem 1rem}dl.figures{grid-template-columns:minmax(0,1fr);gap:.45rem}.figures div{display:grid;grid-template-columns:7.6rem minmax(0,1fr);gap:.6rem}header.top nav{order:3;flex-basis:100%}header.top .who{margin-left:auto}.card:not(.inbox){padding:1rem}th,td{padding:.45rem .5rem}}
`;

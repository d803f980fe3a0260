"""How the page of a report looks: its style sheet (light, dark, phone, print) and its one script."""

STYLE = """
:root{color-scheme:light dark;--page:#fffefb;--ink:#1d2328;--soft:#5a656d;--faint:#e3e0d6;--wash:#f6f3ea;
  --link:#1f6673;--control:#b4532a;--treatment:#1d6f7c;--other:#66707a;--warn:#8a4b08;--warnwash:#fdf3e1;
  --halo:#fffefb;--dot:.5}
@media (prefers-color-scheme:dark){
  :root{--page:#15191c;--ink:#e6e4dd;--soft:#a2abb1;--faint:#333b41;--wash:#1e2428;--link:#7cc4cf;
    --control:#e88d62;--treatment:#5fb9c6;--other:#98a3ad;--warn:#f0bd72;--warnwash:#2c2415;--halo:#15191c;--dot:.8}
}
@media print{
  :root{color-scheme:light;--page:#fff;--ink:#111;--soft:#444;--faint:#ccc;--wash:#f6f6f6;--link:#111;
    --control:#b4532a;--treatment:#1d6f7c;--other:#66707a;--warn:#8a4b08;--warnwash:#fff;--halo:#fff;--dot:.5}
}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:17px/1.55 Charter,"Bitstream Charter",
  "Iowan Old Style","Palatino Linotype",Palatino,Georgia,"DejaVu Serif",serif}
main{max-width:880px;margin:0 auto;padding:44px 24px 72px}
h1{font-size:2rem;line-height:1.2;font-weight:600;margin:.1em 0 .5em;text-wrap:balance;letter-spacing:-.01em}
h2{font-size:1.28rem;line-height:1.3;font-weight:600;margin:2.4em 0 .5em;padding-top:.7em;
  border-top:1px solid var(--faint)}
h3{font-size:1.02rem;font-weight:600;margin:1.6em 0 .3em}
p{margin:.55em 0;text-wrap:pretty;overflow-wrap:anywhere}
li{margin:.25em 0;overflow-wrap:anywhere}
.study,.meta,figcaption,table,.grade,.key,.tabs,.warn,nav,summary,.tick-name,.levels,.who,.act,.rule,code,
  svg text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",
  sans-serif}
.study{color:var(--soft);font-size:.8rem;letter-spacing:.06em;text-transform:uppercase}
.answer{font-size:1.22rem;line-height:1.5;border-left:4px solid var(--treatment);padding:.1em 0 .1em 18px;
  margin:1.1em 0}
.grade{font-size:.86rem;color:var(--soft)}
.grade b{color:var(--ink)}
.meta{font-size:.82rem;color:var(--soft)}
.warn{font-size:.88rem;line-height:1.45;border:1px solid var(--warn);border-left-width:5px;
  background:var(--warnwash);padding:10px 14px;margin:1em 0;border-radius:3px}
.warn b{color:var(--warn)}
figure{margin:1.2em 0 1.8em}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:14px 22px}
.panels svg{width:100%;max-width:470px;height:auto;display:block}
.panels.single{grid-template-columns:minmax(0,470px)}
figcaption{font-size:.84rem;line-height:1.45;color:var(--soft);margin-top:.7em}
figcaption b{color:var(--ink)}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;align-items:center;margin:.2em 0 .8em;font-size:.84rem}
.key{display:inline-flex;align-items:center;gap:7px;font-size:.82rem}
.key:before{content:"";width:12px;height:12px;border-radius:50%}
.key.control:before{background:var(--control)}
.key.treatment:before{background:var(--treatment)}
.key.other:before{background:var(--other)}
.key.mean:before{background:var(--ink);width:9px;height:9px}
.key.expected:before{background:var(--control);height:4px;width:18px;border-radius:0;opacity:.75}
svg text{fill:var(--ink);font-size:11px;font-variant-numeric:tabular-nums}
svg .head{font-size:12.5px;font-weight:600}
svg .axis{font-size:11.5px;fill:var(--soft)}
svg .tick{fill:var(--soft)}
svg .small{font-size:10px;fill:var(--soft)}
svg .onpale{fill:#23323a;font-size:10.5px}
svg .ondeep{fill:#fff;font-size:10.5px}
.cell{stroke:var(--page);stroke-width:1}
.empty{fill:none;stroke:var(--faint)}
.grid{stroke:var(--faint);fill:none}
.halo{stroke:var(--halo);stroke-width:5;fill:none;stroke-linecap:square}
.theory{stroke:var(--ink);stroke-width:2;fill:none;stroke-dasharray:5 3}
.dots{stroke-linecap:round;fill:none;stroke-opacity:var(--dot)}
.course{fill:none;stroke-width:1.7;stroke-linejoin:round;stroke-linecap:round}
.course.other{stroke-opacity:.6;stroke-width:1.2}
.control{stroke:var(--control)}
.treatment{stroke:var(--treatment)}
.other{stroke:var(--other)}
.mark{fill:var(--page);stroke-width:2}
.whisker{stroke:var(--ink);stroke-width:1.6;fill:none}
.mean{fill:var(--ink)}
.expected{stroke:var(--control);stroke-width:4;stroke-opacity:.75;fill:none}
.spot{fill:var(--page);stroke:var(--ink);stroke-width:1;fill-opacity:.75}
.spot.searched{fill:var(--control);stroke:var(--page);fill-opacity:1}
.spot.confirmed{fill:var(--control);stroke:var(--ink);fill-opacity:1}
.scroll{overflow-x:auto;margin:.8em 0}
table{border-collapse:collapse;font-size:.83rem;line-height:1.4;width:100%;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;border-bottom:1.5px solid var(--ink);padding:5px 10px 5px 0;
  vertical-align:bottom}
td{border-bottom:1px solid var(--faint);padding:5px 14px 5px 0;vertical-align:top;overflow-wrap:break-word}
.num{text-align:right;white-space:nowrap}
table tr>:last-child{padding-right:0}
code{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.82em;
  overflow-wrap:anywhere}
pre{background:var(--wash);padding:12px 14px;border-radius:3px;overflow-x:auto;margin:.6em 0}
details{margin:.8em 0}
summary{cursor:pointer;font-size:.88rem;color:var(--link)}
.tabs{display:flex;flex-wrap:wrap;gap:6px;margin:.6em 0 1em}
.tabs button{font:inherit;font-size:.82rem;color:var(--ink);background:none;border:1px solid var(--faint);
  border-radius:99px;padding:3px 13px;cursor:pointer}
.tabs button[aria-pressed=true]{background:var(--ink);color:var(--page);border-color:var(--ink)}
.story{border-left:1px solid var(--faint);padding-left:18px}
.scene{margin:1.1em 0}
.tick-name{font-size:.82rem;font-weight:600}
.levels{font-weight:400;color:var(--soft);margin-left:.7em}
.said{margin:.25em 0;overflow-wrap:anywhere}
.who{font-size:.78rem;font-weight:600;color:var(--soft);margin-right:.6em;white-space:nowrap}
.act,.rule{font-size:.8rem;color:var(--soft);margin:.15em 0}
.rule{color:var(--warn)}
dl{display:grid;grid-template-columns:minmax(8em,max-content) 1fr;gap:.3em 1.4em;margin:.6em 0}
dt{font-weight:600;font-size:.95rem}
dd{margin:0;overflow-wrap:anywhere}
[hidden]{display:none}
@media (max-width:600px){
  body{font-size:16px}
  main{padding:24px 16px 48px}
  h1{font-size:1.55rem}
  .answer{font-size:1.08rem}
  dl{grid-template-columns:1fr}
  td{min-width:6em}
  .num{min-width:0}
  dd{margin-bottom:.5em}
}
@media print{
  main{max-width:none;padding:0}
  body{font-size:10.5pt}
  .tabs,nav{display:none}
  figure,tr,.warn,.scene{break-inside:avoid}
  h2,h3{break-after:avoid}
  .scroll{overflow:visible}
}
"""
"""Style sheet; drawings take their colours from its variables."""

SCRIPT = """
document.querySelectorAll('.tabs').forEach(tabs=>tabs.addEventListener('click',event=>{
const button=event.target.closest('button');if(!button)return;
tabs.querySelectorAll('button').forEach(b=>b.setAttribute('aria-pressed',b===button));
tabs.parentElement.querySelectorAll('[data-tab]').forEach(e=>e.hidden=e.dataset.tab!==button.dataset.for)}));
"""
"""Shows one block of several at a time; without it the first is seen."""

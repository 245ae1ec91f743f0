#include "gateway/admin/console.hpp"

namespace sluice::gateway {

std::string_view console_page()
{
    return R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sluice</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c2430}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:1.8rem 0 .4rem}
p.sub{margin:.1rem 0 0;color:#5a6675}
table{border-collapse:collapse;width:100%}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #e3e8ee;font-variant-numeric:tabular-nums}
th{font-weight:600;color:#5a6675;font-size:.85rem}
th:first-child,td:first-child,td.t,th.t{text-align:left}
.ok{color:#14743c}.bad{color:#b3261e;font-weight:600}.wait{color:#8a5a00}
code{font-size:.9em}
@media(prefers-color-scheme:dark){body{background:#14181d;color:#dbe2ea}th,td{border-color:#2a323c}}
</style></head><body>
<h1>Sluice</h1><p class="sub" id="head">reading…</p>
<h2>Lanes: accepted = delivered + filtered + dead + expired + pending</h2><div id="lanes"></div>
<h2>Rules</h2><div id="rules"></div>
<h2>Datasets</h2><div id="datasets"></div>
<h2>Exports</h2><div id="exports"></div>
<h2>Dead letters</h2><div id="dead"></div>
<script>
const el=(t,x,c)=>{const e=document.createElement(t);if(x!==undefined)e.textContent=x;if(c)e.className=c;return e};
const n=v=>(v??0).toLocaleString('en-US');
function table(id,head,rows){const t=el('table'),h=el('tr');head.forEach(x=>h.append(el('th',x)));t.append(h);
 rows.forEach(r=>{const tr=el('tr');r.forEach(c=>tr.append(c instanceof Node?c:el('td',c)));t.append(tr)});
 const d=document.getElementById(id);d.replaceChildren(rows.length?t:el('p','none','sub'))}
async function dead(lanes){const rows=[];for(const l of lanes.filter(l=>l.dead>0)){
  const r=await fetch('/api/v1/dead/'+encodeURIComponent(l.name)+'?limit=20');if(!r.ok)continue;
  for(const d of (await r.json()).letters)rows.push([l.name,n(d.position),el('td',d.id,'t'),
   el('td',d.rules.join(', '),'t'),el('td',d.reason,'t'),el('td',d.detail,'t')])}
 table('dead',['destination','position','event','rule','reason','detail'],rows)}
async function look(){try{const s=await(await fetch('/api/v1/status')).json();
 document.getElementById('head').textContent=`version ${s.version}, since ${s.started_at}, log ${s.log.health}`+
  (s.log.reason?': '+s.log.reason:'')+`, memory ${n(Math.round(s.resident_bytes/1048576))} MiB`;
 table('lanes',['destination','state','accepted','delivered','filtered','dead','pending','retrying','in flight','lag'],
  s.lanes.map(l=>{const st=l.enabled?l.state:'off';const c=st=='running'&&l.breaker=='closed'?'ok':'bad';
   const cell=el('td',st+(l.breaker=='closed'?'':', breaker '+l.breaker),'t '+c);cell.title=l.reason;
   return[l.name,cell,n(l.accepted),n(l.delivered),n(l.filtered),el('td',n(l.dead),l.dead?'bad':''),
    n(l.pending),n(l.retrying),n(l.in_flight),n(l.lag)]}));
 table('rules',['rule','matched','no match','absent','error','sampled out','dropped'],Object.entries(s.rules).map(
  ([k,r])=>[k,n(r.matched),n(r.no_match),n(r.absent),el('td',n(r.error),r.error?'bad':''),n(r.sampled_out),n(r.dropped)]));
 table('datasets',['dataset','partition','begin','end','bytes','lost'],s.datasets.map(d=>
  [d.name,d.partition,n(d.begin),n(d.end),n(d.bytes),el('td',n(d.lost),d.lost?'bad':'')]));
 table('exports',['export','runs','failed','rows','files','bytes'],s.exports.map(e=>
  [e.name,n(e.runs_succeeded),el('td',n(e.runs_failed),e.runs_failed?'bad':''),n(e.rows),n(e.files),n(e.bytes)]));
 await dead(s.lanes);
}catch(e){document.getElementById('head').textContent='the gateway does not answer: '+e}}
look();setInterval(look,2000);
</script></body></html>
)html";
}

}  // namespace sluice::gateway

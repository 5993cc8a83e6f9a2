// Requests that could not be read: what came, why, and another try.
import { html, useState } from "../vendor.js";
import { all, api, has } from "../api.js";
import { Confirm, Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { ProviderTitle, Table, useTitles } from "../components/table.js";
import { ago, count, hidden, many, time } from "../format.js";
import { Empty, Failed, Loaded, toast, useAct, useLoad } from "../load.js";
import { href, providerHref, route, setQuery } from "../router.js";
import { Work, isWorking, startWork, workOf } from "../work.js";

const REPLAY = "replay";
const MOST = 2000;

/** What is kept, the newest first. */
const kept = async (signal) => {
  const items = await all("/quarantine", { most: MOST, signal });
  return items.sort((a, b) => b.received_at.localeCompare(a.received_at));
};

export default function Quarantine() {
  const requests = useLoad(kept, []);
  return html`<${Heading} title="Quarantine" says="Authentic requests that could not be read. Nothing in them is lost: once the code can read them, replay them." />
    <${Panel}>
      <${Loaded} of=${requests} empty=${(items) => items.length === 0 && !workOf(REPLAY) && html`<${Empty} title="Quarantine is empty">Every request could be read. What cannot be read is kept here for <code>QuarantineDays</code>.<//>`}>
        ${(items) => html`<${Kept} items=${items} reload=${requests.reload} />`}
      <//>
    <//>`;
}

function Kept({ items, reload }) {
  const { provider = "", reason = "", id } = route.value.query;
  const [asking, setAsking] = useState(false);
  const title = useTitles();
  const found = items.filter((each) => (!provider || each.provider === provider) && (!reason || each.error.toLowerCase().includes(reason.toLowerCase())));
  const names = [...new Set(items.map((each) => each.provider))].sort();
  const set = (name) => (event) => setQuery({ [name]: event.target.value }, { replace: true });
  const one = items.find((each) => each.id === id);
  const close = () => setQuery({ id: "" });
  return html`${id && !one && html`<p class="finding fair">The request of this address is not here any more: it was replayed or discarded, or has expired.</p>`}
    <form class="filters few" role="search" onSubmit=${(event) => event.preventDefault()}>
      <${Field} label="Provider"><select value=${provider} onChange=${set("provider")}><option value="">All</option>${names.map((each) => html`<option value=${each}>${title(each)}</option>`)}</select><//>
      <${Field} label="Reason"><input type="search" placeholder="A part of it" value=${reason} onInput=${set("reason")} /><//>
      ${has("write") && html`<div><button class="primary" disabled=${found.length === 0 || isWorking(REPLAY)} onClick=${() => setAsking(true)}>Replay ${count(found.length)} …</button></div>`}
    </form>
    <${Replays} />
    ${items.length >= MOST && html`<p class="muted">The first ${count(MOST)} are shown.</p>`}
    ${found.length === 0
      ? html`<${Empty} title=${items.length ? "None is like that" : "Quarantine is empty"}>${items.length > 0 && html`<button onClick=${() => setQuery({ provider: "", reason: "" })}>Show all</button>`}<//>`
      : html`<${Table} caption="Requests in quarantine" rows=${found} rowKey=${(each) => each.id} current=${(each) => each.id === id} columns=${COLUMNS}
          link=${(each) => href("quarantine", { provider, reason, id: each.id })} />`}
    ${one && html`<${Request} request=${one} onClose=${close} onGone=${() => { close(); reload(); }} />`}
    ${asking && html`<${Estimate} found=${found} reload=${reload} onClose=${() => setAsking(false)} />`}`;
}

const COLUMNS = [
  { key: "received_at", title: "Received (UTC)", sort: (each) => each.received_at, cell: (each) => html`<span title=${ago(each.received_at)}>${time(each.received_at, { seconds: true, zone: false, year: false })}</span>` },
  { key: "provider", title: "Provider", sort: (each) => each.provider, cell: (each) => html`<${ProviderTitle} name=${each.provider} />` },
  { key: "error", title: "Reason", wide: true, sort: (each) => each.error, cell: (each) => hidden(each.error) },
  { key: "method", title: "Method" },
  { key: "size", title: "Characters", num: true, sort: size, cell: (each) => count(size(each)) },
];

function size(each) {
  return each.body.length + each.query.length;
}

function Request({ request, onClose, onGone }) {
  const [shown, setShown] = useState(false);
  const [discarding, setDiscarding] = useState(false);
  const [result, setResult] = useState(null);
  const [replay, replaying, error] = useAct(async () => setResult(await api(`/quarantine/${encodeURIComponent(request.id)}/replay`, { method: "POST" })));
  const isRead = result && !result.error;
  const text = (value) => (shown ? value : hidden(value));
  return html`<${Dialog} drawer title="Unreadable request" onClose=${isRead ? onGone : onClose}>
    <dl class="facts">
      <dt>Reason</dt><dd>${text(request.error)}</dd>
      <dt>Provider</dt><dd><a href=${providerHref(request.provider)}><${ProviderTitle} name=${request.provider} /></a></dd>
      <dt>Received</dt><dd>${time(request.received_at, { seconds: true })}</dd>
      <dt>Request</dt><dd><code>${request.method}</code>${request.content_type && html` <code>${request.content_type}</code>`}</dd>
      <dt>Id</dt><dd><code>${request.id}</code></dd>
    </dl>
    <div class="panel-head"><h3>As it came</h3><button class="small" aria-pressed=${String(shown)} onClick=${() => setShown(!shown)}>${shown ? "Hide numbers" : "Show numbers"}</button></div>
    ${request.query && html`<div class="label">Query</div><pre tabindex="0">${text(request.query)}</pre>`}
    <div class="label">Body</div>
    <pre tabindex="0">${request.body ? text(request.body) : "(empty)"}</pre>
    ${error && html`<${Failed} error=${error} />`}
    ${result && html`<p role="status">${said(result)}</p>`}
    ${has("write") && html`<div class="buttons">
      ${isRead ? html`<button onClick=${onGone}>Close</button>` : html`<button class="danger" onClick=${() => setDiscarding(true)}>Discard …</button>
        <button class="primary" disabled=${replaying} onClick=${replay}>${replaying ? "Replaying …" : "Replay"}</button>`}
    </div>`}
    ${discarding && html`<${Confirm} title="Discard this request?" action="Discard" danger reason="Reason"
      run=${(note) => api(`/quarantine/${encodeURIComponent(request.id)}`, { method: "DELETE", note })}
      onDone=${() => { toast("Discarded."); onGone(); }} onClose=${() => setDiscarding(false)}>What it reports is then lost.<//>`}
  <//>`;
}

function said({ new: fresh, stale, duplicate, error }) {
  if (error) return `Still unreadable: ${hidden(error)}`;
  return `Read: ${count(fresh)} new, ${count(stale)} older than what is known, ${count(duplicate)} known already. It has left quarantine.`;
}

/** What a replay of many means, before it is done. */
function Estimate({ found, reload, onClose }) {
  const groups = Map.groupBy(found, (each) => `${each.provider} ${hidden(each.error)}`);
  const rows = [...groups.values()].map((same) => ({ provider: same[0].provider, reason: hidden(same[0].error), n: same.length })).sort((a, b) => b.n - a.n);
  const ids = found.map((each) => each.id);
  const run = async (note) => {
    startWork(REPLAY, `Replay of ${many(ids.length, "request")}`, async (step) => {
      await replayAll(ids, note, step);
      reload();
    });
  };
  return html`<${Confirm} title=${`Replay ${many(found.length, "request")}?`} action="Replay" reason="Reason" run=${run} onClose=${onClose}>
    <p>Each is read again with the deployed code. What can be read is stored, may suppress numbers, and leaves quarantine; the others stay. A report that is known already changes nothing.</p>
    <${Table} dense caption="What would be replayed" rows=${rows.slice(0, 20)} columns=${[
      { key: "provider", title: "Provider", cell: (each) => html`<${ProviderTitle} name=${each.provider} />` },
      { key: "reason", title: "Reason", wide: true },
      { key: "n", title: "Requests", num: true, cell: (each) => count(each.n) },
    ]} />
    <p class="muted small">It takes about ${many(Math.ceil(ids.length / 5), "second")}.</p>
  <//>`;
}

async function replayAll(ids, note, step) {
  const sums = { fresh: 0, stale: 0, duplicate: 0, left: 0, notes: [] };
  step({ total: ids.length });
  for (const [place, id] of ids.entries()) {
    try {
      const answer = await api(`/quarantine/${encodeURIComponent(id)}/replay`, { method: "POST", note });
      if (answer.error) {
        sums.left += 1;
        sums.notes = [...sums.notes, `${id}: ${hidden(answer.error)}`];
      }
      sums.fresh += answer.new;
      sums.stale += answer.stale;
      sums.duplicate += answer.duplicate;
    } catch (error) {
      if (error.status !== 404) throw error;
      sums.notes = [...sums.notes, `${id}: not kept any more`];
    }
    if (!step({ ...sums, done: place + 1 })) return;
  }
}

function Replays() {
  const work = workOf(REPLAY);
  return work && html`<${Work} name=${REPLAY} unit="request">
    <p>Reports: ${count(work.fresh ?? 0)} new, ${count(work.stale ?? 0)} older than what is known, ${count(work.duplicate ?? 0)} known already. Still unreadable: ${many(work.left ?? 0, "request")}.</p>
  <//>`;
}

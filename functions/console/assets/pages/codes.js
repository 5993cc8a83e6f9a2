// The whole catalogue: what each word and code of each provider leads to.
import { html, useMemo, useState } from "../vendor.js";
import { api } from "../api.js";
import { Field, ProviderSelect } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { Cause, ProviderTitle, Status, Table } from "../components/table.js";
import { ACTIONS, count, words } from "../format.js";
import { Empty, Loaded, useLoad } from "../load.js";
import { route, setQuery } from "../router.js";

const SHOWN = 100;
const TONES = { suppress_number: "poor", suppress_opt_out: "poor", strike: "fair" };

export default function Codes() {
  const { provider = "" } = route.value.query;
  const codes = useLoad((signal) => api("/codes", { query: { provider }, signal }), [provider]);
  return html`<${Heading} title="Codes" says="What every documented word and code of a provider means, and what it does to the number under the policies “by cause” and “by provider”." />
    <${Panel}>
      <${Filters} />
      <${Loaded} of=${codes}>${({ items }) => html`<${Found} items=${items} />`}<//>
    <//>`;
}

function Filters() {
  const { provider = "", text = "", action = "" } = route.value.query;
  const set = (name) => (event) => setQuery({ [name]: event.target.value }, { replace: true });
  return html`<form class="filters few" role="search" onSubmit=${(event) => event.preventDefault()}>
    <${Field} label="Search"><input type="search" placeholder="Code or words" value=${text} onInput=${set("text")} /><//>
    <${Field} label="Provider"><${ProviderSelect} every any="All" value=${provider} onChange=${(value) => setQuery({ provider: value })} /><//>
    <${Field} label="Effect"><select value=${action} onChange=${set("action")}>
      <option value="">Anything</option>
      ${ACTIONS.map((each) => html`<option value=${each}>${words(each)}</option>`)}
      <option value="differs">Differs by policy</option>
    </select><//>
  </form>`;
}

function Found({ items }) {
  const { text = "", action = "" } = route.value.query;
  const [shown, setShown] = useState(SHOWN);
  const found = useMemo(() => items.filter((each) => fits(each, text.trim().toLowerCase(), action)), [items, text, action]);
  if (found.length === 0) {
    return html`<${Empty} title="No code is like that">A code that nobody documents is kept as it came, counted as <code>unknown</code>, and never suppresses.
      <div><button onClick=${() => setQuery({ text: "", action: "", provider: "" })}>Show all</button></div><//>`;
  }
  return html`<p class="muted small" role="status">${count(found.length)} of ${count(items.length)} words and codes</p>
    <${Table} dense caption="Codes" columns=${COLUMNS} rows=${found.slice(0, shown)} rowKey=${(each) => `${each.provider} ${each.kind} ${each.code}`} />
    ${found.length > shown && html`<div><button onClick=${() => setShown(shown + 5 * SHOWN)}>Show more</button></div>`}`;
}

function fits(each, text, action) {
  if (action === "differs" ? each.action === each.action_provider_policy : action && each.action !== action && each.action_provider_policy !== action) return false;
  return !text || [each.code, each.words, each.cause.replaceAll("_", " "), each.cause, each.status, each.note, each.provider].some((part) => part?.toLowerCase().includes(text));
}

const Action = ({ action }) => html`<span class=${`tag ${TONES[action] ?? ""}`}>${words(action)}</span>`;
const YES_OR_NO = new Map([[true, "yes"], [false, "no"]]);

function Source({ row }) {
  const found = row.source.match(/https?:\/\/[^\s;,)]+/);
  if (!found) return html`<span class="muted">${row.source}</span>`;
  return html`<a href=${found[0]} target="_blank" rel="noreferrer">${new URL(found[0]).hostname}</a>`;
}

const COLUMNS = [
  { key: "provider", title: "Provider", sort: (each) => each.provider, cell: (each) => html`<${ProviderTitle} name=${each.provider} />` },
  { key: "kind", title: "Kind", sort: (each) => each.kind, cell: (each) => words(each.kind) },
  { key: "code", title: "Code", sort: (each) => each.code, cell: (each) => html`<code class="cut" title=${each.code}>${each.code}</code>` },
  { key: "words", title: "Meaning and source", wide: true, cell: (each) => html`${each.words}${each.note && html` <span class="muted">· ${each.note}</span>`} <span class="small"><${Source} row=${each} /></span>` },
  { key: "status", title: "Status", sort: (each) => each.status ?? "", cell: (each) => (each.status ? html`<${Status} status=${each.status} />` : html`<span class="muted">as the status</span>`) },
  { key: "cause", title: "Cause", wrap: true, sort: (each) => each.cause, cell: (each) => html`<${Cause} cause=${each.cause} bounce=${each.bounce} />` },
  { key: "permanent", title: "Permanent", cell: (each) => YES_OR_NO.get(each.permanent) ?? html`<span class="muted">not said</span>` },
  { key: "action", title: "By cause", sort: (each) => each.action, cell: (each) => html`<${Action} action=${each.action} />` },
  { key: "action_provider_policy", title: "By provider", sort: (each) => each.action_provider_policy, cell: (each) => html`<${Action} action=${each.action_provider_policy} />` },
];

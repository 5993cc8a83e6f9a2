// Search messages; a message with all that its provider said.
import { html, useState } from "../vendor.js";
import { api } from "../api.js";
import { Code, meaningOf, useCodes } from "../components/code.js";
import { Copyable } from "../components/copy.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { PhoneNumber } from "../components/number.js";
import { ProviderSelect, useTitles } from "../components/provider.js";
import { AsOf, RangePicker, rangeOf } from "../components/range.js";
import { Empty, Failed, Loaded, Older } from "../components/states.js";
import { Table } from "../components/table.js";
import { Cause, Status, toneOf } from "../components/tags.js";
import { ago, country, duration, time, words } from "../format.js";
import { codesHref } from "../links.js";
import { useAct, useLoad, usePages } from "../load.js";
import { href, route, setQuery } from "../router.js";
import { has } from "../session.js";
import { BOUNCES, CAUSES, FILTERS, STATUSES } from "../vocabulary.js";

const LIMIT = 50;

export default function Messages() {
  const { query } = route.value;
  const { from, to } = rangeOf(query);
  const asked = { from, to, limit: LIMIT, ...Object.fromEntries(FILTERS.map((name) => [name, query[name]])) };
  const [numbers, setNumbers] = useState(false);
  const ask = (signal, cursor) => api("/messages", { query: { ...asked, numbers: numbers || undefined, cursor }, signal });
  const found = usePages(ask, [JSON.stringify(asked), numbers]);
  const title = useTitles();
  return html`<${Heading} title="Messages"><${RangePicker} /><//>
    <${Panel}><${Filters} query=${query} /><//>
    <${Panel} tools=${html`<${FindOne} /><div class="row">
        ${has("pii") && html`<label class="check"><input type="checkbox" checked=${numbers} onChange=${(event) => setNumbers(event.target.checked)} />Show numbers (audited)</label>`}
        <${Export} query=${query} /></div>`}>
      <${Loaded} of=${found.first} empty=${(page) => !page.items.length && !page.next && html`<${Empty} title="No message is like that">
          Take a longer period or fewer filters. <a href=${href("messages")}>Clear all filters</a><//>`}>
        ${() => html`<${List} items=${found.items} title=${title} numbers=${numbers} query=${query} />
          <div class="row"><${Older} of=${found} /><${AsOf} at=${found.last.as_of} /></div>`}
      <//>
    <//>
    ${query.message && (query.of || query.provider) && html`<${Drawer} key=${`${query.of ?? query.provider} ${query.message}`} provider=${query.of ?? query.provider} id=${query.message} />`}`;
}

function Select({ name, query, options, ...rest }) {
  const value = query[name] ?? "";
  return html`<select ...${rest} value=${value} onChange=${(event) => setQuery({ [name]: event.target.value })}>
    <option value="">All</option>
    ${value && !options.includes(value) && html`<option value=${value}>${value.split(",").map(words).join(", ")}</option>`}
    ${options.map((each) => html`<option value=${each}>${words(each)}</option>`)}
  </select>`;
}

function Text({ name, query, ...rest }) {
  const change = ({ target }) => target.validity.valid && setQuery({ [name]: name === "country" ? target.value.toUpperCase() : target.value.trim() });
  return html`<input ...${rest} placeholder="All" value=${query[name] ?? ""} onChange=${change} />`;
}

function Filters({ query }) {
  const used = FILTERS.some((name) => query[name]);
  return html`<form class="filters" aria-label="Filters" onSubmit=${(event) => event.preventDefault()}>
    <${Field} label="Provider"><${ProviderSelect} any="All" value=${query.provider ?? ""} onChange=${(value) => setQuery({ provider: value })} /><//>
    <${Field} label="Status"><${Select} name="status" query=${query} options=${STATUSES} /><//>
    <${Field} label="Cause"><${Select} name="cause" query=${query} options=${CAUSES} /><//>
    <${Field} label="Bounce"><${Select} name="bounce" query=${query} options=${BOUNCES} /><//>
    <${Field} label="Country"><${Text} name="country" query=${query} pattern="[A-Za-z]{2}(,[A-Za-z]{2})*" title="Two letters, like DE" /><//>
    <${Field} label="Network"><${Text} name="network" query=${query} /><//>
    <${Field} label="Code"><${Text} name="code" query=${query} /><//>
    <${Field} label="Sender"><${Text} name="sender" query=${query} /><//>
    ${used && html`<button type="button" onClick=${() => setQuery(Object.fromEntries(FILTERS.map((name) => [name, ""])))}>Clear filters</button>`}
  </form>`;
}

/** The same period and filters, for the page of exports. */
function Export({ query }) {
  const { message, of, ...rest } = query;
  return html`<a class="button small" href=${href("exports", { ...rest, kind: "messages" })}>Export these</a>`;
}

function FindOne() {
  const { query } = route.value;
  const [provider, setProvider] = useState(query.provider ?? "");
  const [id, setId] = useState("");
  const submit = (event) => {
    event.preventDefault();
    setQuery({ of: provider, message: id.trim() });
  };
  return html`<form class="row" onSubmit=${submit}>
    <${Field} label="Open one message of"><${ProviderSelect} value=${provider} onChange=${setProvider} required /><//>
    <${Field} label="Message id"><input required maxlength="256" autocomplete="off" value=${id} onInput=${(event) => setId(event.target.value)} /><//>
    <button>Open</button>
  </form>`;
}

function List({ items, title, numbers, query }) {
  const columns = [
    { key: "first_seen", title: "First report (UTC)", cell: (row) => time(row.first_seen, { seconds: true, zone: false, year: false }) },
    { key: "status", title: "Status", cell: (row) => html`<${Status} status=${row.status} />` },
    { key: "provider", title: "Provider", cell: (row) => html`<span class="cut" title=${title(row.provider)}>${title(row.provider)}</span>` },
    { key: "cause", title: "Cause", cell: (row) => html`<${Cause} cause=${row.cause} bounce=${row.bounce} />` },
    { key: "code", title: "Code", rest: true, cell: (row) => (row.status === "delivered" ? html`<code class="cut" title=${row.code}>${row.code ?? "–"}</code>` : html`<${Code} provider=${row.provider} code=${row.code} />`) },
    ...(numbers ? [{ key: "recipient", title: "Number", cell: (row) => html`<${PhoneNumber} value=${row.recipient} />` }] : []),
    { key: "to", title: "To", cell: (row) => html`${row.country ? country(row.country) : "–"} <span class="muted cut" title=${row.network}>${row.network}</span>` },
    { key: "sender", title: "From", cell: (row) => (row.sender ? html`<span class="cut" title=${row.sender}>${row.sender}</span>` : "–") },
    { key: "latency", title: "Took", num: true, cell: (row) => (row.latency_ms === null ? "–" : duration(row.latency_ms / 1000)) },
    { key: "message_id", title: "Message id", cell: (row) => (row.message_id ? html`<code class="cut" title=${row.message_id}>${row.message_id}</code>` : html`<span class="muted">erased or expired</span>`) },
  ];
  const link = (row) => (row.message_id ? href("messages", { ...query, of: row.provider, message: row.message_id }) : null);
  return html`<${Table} caption="Messages" columns=${columns} rows=${items} link=${link} current=${(row) => row.message_id === query.message && row.provider === (query.of ?? query.provider)} />`;
}

/* ---------------------------------------------------------------- one message */
function Drawer({ provider, id }) {
  const title = useTitles();
  const found = useLoad((signal) => api(`/messages/${encodeURIComponent(provider)}`, { query: { message_id: id }, signal }), [provider, id]);
  const close = () => setQuery({ message: "", of: "" });
  return html`<${Dialog} drawer title=${`Message at ${title(provider)}`} onClose=${close}>
    <${Copyable} text=${id} what="the message id" />
    ${found.error?.status === 404
      ? html`<${Empty} title="Not kept">Nothing is stored of this message: the id is another provider's, or it has expired or was erased.<//>`
      : html`<${Loaded} of=${found}>${(message) => html`<${One} message=${message} title=${title} />`}<//>`}
  <//>`;
}

function One({ message, title }) {
  const codes = useCodes(message.provider);
  const { price } = message;
  return html`
    <div class="row"><${Status} status=${message.status} />${message.cause !== "none" && html`<${Cause} cause=${message.cause} bounce=${message.bounce} />`}<span class="muted">${message.final ? "Final" : "Not final yet"}</span></div>
    <section class="stack"><h3>${verdictTitle(message)}</h3><p>${verdictOf(message)}</p><${Listed} message=${message} /></section>
    <dl class="facts">
      <dt>To</dt><dd><${PhoneNumber} value=${message.recipient} /></dd>
      ${fact("From", message.sender)}
      ${fact("Network", message.network)}
      ${fact("Sent", message.sent_at && time(message.sent_at, { seconds: true }))}
      ${fact("Segments", message.segments)}
      ${fact("Price", price && `${price.amount} ${price.currency ?? ""}`)}
      ${fact("Your reference", message.client_reference)}
      ${Object.entries(message.metadata ?? {}).map(([name, value]) => fact(name, value))}
    </dl>
    <section class="stack"><h3>What ${title(message.provider)} reported</h3>
      <ol class="timeline">${(message.history ?? []).map((report) => html`<${Report} key=${report.event_id} report=${report} codes=${codes} />`)}</ol>
    </section>`;
}

const fact = (name, value) => (value === null || value === undefined || value === "" ? null : html`<dt>${name}</dt><dd>${value}</dd>`);

function Report({ report, codes }) {
  const said = [report.provider_status, report.provider_code].filter(Boolean);
  const meaning = meaningOf(codes, report.provider_code) ?? meaningOf(codes, report.provider_status);
  return html`<li class=${toneOf(report.status)}>
    <div class="row"><${Status} status=${report.status} />${report.cause !== "none" && html`<${Cause} cause=${report.cause} bounce=${report.bounce} />`}</div>
    <div class="muted small">${report.occurred_at ? `${time(report.occurred_at, { seconds: true })}, received ${lag(report)}` : `received ${time(report.received_at, { seconds: true })}`}</div>
    ${said.length > 0 && html`<div>${said.map((each, at) => html`${at > 0 && " · "}<code>${each}</code>`)}${report.provider_text && html` “${report.provider_text}”`}</div>`}
    ${meaning && html`<div class="small"><span class="muted">It means: </span>${meaning.words || words(meaning.cause)}${meaning.note && ` (${meaning.note})`} · <a href=${codesHref(report.provider, meaning.code)}>In the catalogue</a>${source(meaning.source)}</div>`}
  </li>`;
}

const source = (text) => (/^https:\/\//.test(text ?? "") ? html` · <a href=${text} target="_blank" rel="noreferrer">Source</a>` : text && html` · <span class="muted">${text}</span>`);

function lag({ occurred_at: at, received_at: received }) {
  const seconds = (new Date(received) - new Date(at)) / 1000;
  return seconds >= 1 ? `${duration(seconds)} later` : "at once";
}

const VERDICTS = {
  suppress_number: ["The number is dead", "This report puts the number on the list of dead numbers."],
  suppress_opt_out: ["The person opted out", "This report puts the number on the list of opt-outs."],
  strike: ["A strike", "The number is in doubt. It is suppressed only if several messages in a row end like this."],
};

const verdictTitle = ({ action }) => VERDICTS[action]?.[0] ?? "Not suppressed";

/** Why this message does or does not put its number on the list. */
function verdictOf({ action, cause, bounce, status, permanent, final }) {
  const why = cause === "none" ? "" : ` Its cause is “${words(cause).toLowerCase()}”, a bounce of class “${words(bounce).toLowerCase()}”${permanent === true ? ", and the provider calls it permanent" : permanent === false ? ", and the provider calls it temporary" : ""}.`;
  if (VERDICTS[action]) return VERDICTS[action][1] + why;
  if (status === "delivered" || status === "read") return "It was delivered, so nothing speaks against the number.";
  if (!final) return "It has no final state yet, so nothing is decided.";
  return `The failure says nothing lasting about the number, so it may be sent to again.${why}`;
}

function Listed({ message }) {
  const [state, setState] = useState(null);
  const [look, looking, error] = useAct(async () => setState(await api("/suppressions/lookup", { method: "POST", body: { number: message.recipient } })));
  if (!message.recipient || !has("check")) return null;
  if (state) {
    return html`<p><span class=${`tag ${state.suppressed ? "poor" : "excellent"}`}>${state.suppressed ? "Suppressed now" : "Not suppressed now"}</span>${state.suppressed && html` ${words(state.cause)}, first reported ${ago(state.first_seen)}`}</p>`;
  }
  return html`<div><button class="small" disabled=${looking} onClick=${look}>Is the number on the list now?</button></div>${error && html`<${Failed} error=${error} />`}`;
}

// Search messages.
import { html, useState } from "../vendor.js";
import { api, has } from "../api.js";
import { AsOf, Field, ProviderSelect, RangePicker, rangeOf } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { Cause, Code, PhoneNumber, Status, Table, useTitles } from "../components/table.js";
import { BOUNCES, CAUSES, FILTERS, NO_PLACE, STATUSES, country, duration, network, time, words } from "../format.js";
import { Empty, Loaded, Older, usePages } from "../load.js";
import { Drawer } from "./messages/drawer.js";
import { href, route, setQuery } from "../router.js";

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
        ${() => html`${found.items.length ? html`<${List} items=${found.items} title=${title} numbers=${numbers} query=${query} />`
          : html`<${Empty} title="None among the newest">Looked through back to ${time(found.last.scanned_to)}. There may be older ones.<//>`}
          <div class="row"><${Older} of=${found} /><${AsOf} at=${found.last.as_of} /></div>`}
      <//>
    <//>
    ${query.message && (query.of || query.provider) && html`<${Drawer} key=${`${query.of ?? query.provider} ${query.message}`} provider=${query.of ?? query.provider} id=${query.message} />`}`;
}

function Select({ name, query, options, ...rest }) {
  const value = query[name] ?? "";
  return html`<select ...${rest} title=${value.includes(",") ? value.split(",").map(words).join(", ") : undefined} value=${value} onChange=${(event) => setQuery({ [name]: event.target.value })}>
    <option value="">All</option>
    ${value && !options.includes(value) && html`<option value=${value}>${value.split(",").map(words).join(", ")}</option>`}
    ${options.map((each) => html`<option value=${each}>${words(each)}</option>`)}
  </select>`;
}

function Text({ name, query, ...rest }) {
  const change = ({ target }) => target.validity.valid && setQuery({ [name]: name === "country" && target.value !== NO_PLACE ? target.value.toUpperCase() : target.value.trim() });
  return html`<input ...${rest} placeholder="All" value=${query[name] ?? ""} onChange=${change} />`;
}

function Filters({ query }) {
  const used = FILTERS.some((name) => query[name]);
  return html`<form class="filters" aria-label="Filters" onSubmit=${(event) => event.preventDefault()}>
    <${Field} label="Provider"><${ProviderSelect} any="All" value=${query.provider ?? ""} onChange=${(value) => setQuery({ provider: value })} /><//>
    <${Field} label="Status"><${Select} name="status" query=${query} options=${STATUSES} /><//>
    <${Field} label="Cause"><${Select} name="cause" query=${query} options=${CAUSES} /><//>
    <${Field} label="Bounce"><${Select} name="bounce" query=${query} options=${BOUNCES} /><//>
    <${Field} label="Country"><${Text} name="country" query=${query} pattern="none|[A-Za-z]{2}(,[A-Za-z]{2})*" title="Two letters, like DE; none: not known" /><//>
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
    { key: "to", title: "To", cell: (row) => html`${row.country && `${country(row.country)} `}${row.network && html`<span class="muted cut" title=${network(row.network)}>${network(row.network)}</span>`}${!row.country && !row.network && "–"}` },
    { key: "sender", title: "From", cell: (row) => (row.sender ? html`<span class="cut" title=${row.sender}>${row.sender}</span>` : "–") },
    { key: "latency", title: "Took", num: true, cell: (row) => (row.latency_ms === null ? "–" : duration(row.latency_ms / 1000)) },
    { key: "message_id", title: "Message id", cell: (row) => (row.message_id ? html`<code class="cut" title=${row.message_id}>${row.message_id}</code>` : html`<span class="muted">erased or expired</span>`) },
  ];
  const link = (row) => (row.message_id ? href("messages", { ...query, of: row.provider, message: row.message_id }) : null);
  return html`<${Table} caption="Messages" columns=${columns} rows=${items} link=${link} current=${(row) => row.message_id === query.message && row.provider === (query.of ?? query.provider)} />`;
}

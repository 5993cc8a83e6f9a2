// Tokens, and who did what.
import { html, useState } from "../vendor.js";
import { all, api, session } from "../api.js";
import { Copyable } from "../components/copy.js";
import { Confirm, Dialog } from "../components/dialog.js";
import { Choice, Field, PLAIN, RangePicker, rangeOf } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { Table } from "../components/table.js";
import { ago, day, time, words } from "../format.js";
import { Empty, Failed, Loaded, Older, toast, useAct, useLoad, usePages } from "../load.js";
import { route, setQuery } from "../router.js";

const SCOPES = {
  read: "messages and figures, without numbers",
  check: "ask whether a number may be sent to",
  pii: "see numbers, and everything stored about a person",
  write: "change the suppression list and the quarantine",
  erase: "erase a person",
  admin: "all of these, tokens and the audit",
};

export default function Access() {
  const isAudit = route.value.query.part === "audit";
  return html`<${Heading} title="Access" says="Who may do what, and who did.">${isAudit && html`<${RangePicker} fallback="24h" />`}<//>
    <div><${Choice} label="Part of this page" value=${isAudit ? "audit" : "tokens"} options=${[["tokens", "Tokens"], ["audit", "Audit"]]} onChange=${(part) => setQuery({ part: part === "tokens" ? "" : part })} /></div>
    ${isAudit ? html`<${Audit} />` : html`<${Tokens} />`}`;
}

/* ---------------------------------------------------------------- tokens */
function Tokens() {
  const tokens = useLoad((signal) => all("/tokens", { query: { limit: 200 }, signal }), []);
  const [sessions, setSessions] = useState(false);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState(null);
  const columns = [
    { key: "name", title: "Name", sort: (row) => row.name, cell: (row) => html`${row.name}${row.parent && html` <span class="tag">Session</span>`}${row.id === session.value.id && html` <span class="tag good">You</span>`}` },
    { key: "scopes", title: "Scopes", wide: true, cell: (row) => row.scopes.join(", ") },
    { key: "created", title: "Created", sort: (row) => row.created_at, cell: (row) => html`<span title=${time(row.created_at)}>${day(row.created_at)}</span> by ${row.created_by}` },
    { key: "used", title: "Last used", sort: (row) => row.last_used, cell: (row) => (row.last_used ? day(row.last_used) : "never") },
    { key: "expires", title: "Expires", sort: (row) => row.expires_at, cell: (row) => html`<span title=${time(row.expires_at)}>${row.revoked_at ? html`<span class="tag poor">Revoked</span> by ${row.revoked_by}` : (row.parent ? time : day)(row.expires_at)}</span>` },
    { key: "act", title: "", cell: (row) => !row.revoked_at && html`<button class="small danger" aria-label=${`Revoke ${row.name}, ${row.id}`} onClick=${() => setRevoking(row)}>Revoke</button>` },
  ];
  const shown = (list) => list.filter((each) => sessions || !each.parent);
  return html`<${Panel} title="Tokens" tools=${html`<div class="row"><label class="check"><input type="checkbox" checked=${sessions} onChange=${(event) => setSessions(event.target.checked)} />Sessions too</label>
      <button class="primary" onClick=${() => setMaking(true)}>New token</button></div>`}>
      <${Loaded} of=${tokens} empty=${(list) => !shown(list).length && html`<${Empty} title="No tokens yet">Make one for each system and person, with the scopes that they need and no more.<//>`}>
        ${(list) => html`<${Table} caption="Tokens" columns=${columns} rows=${shown(list)} rowKey=${(row) => row.id} />`}<//>
    <//>
    ${making && html`<${NewToken} onClose=${() => { setMaking(false); tokens.reload(); }} />`}
    ${revoking && html`<${Confirm} title=${`Revoke ${revoking.name}?`} action="Revoke" danger run=${() => api(`/tokens/${revoking.id}`, { method: "DELETE" })}
      onDone=${() => { toast(`${revoking.name} is revoked.`); tokens.reload(); }} onClose=${() => setRevoking(null)}>
      Whoever uses it is refused within 60 seconds, its sessions too. That cannot be undone.<//>`}`;
}

function NewToken({ onClose }) {
  const [name, setName] = useState("");
  const [days, setDays] = useState(90);
  const [scopes, setScopes] = useState(["read"]);
  const [made, setMade] = useState(null);
  const [make, making, error] = useAct(async () => setMade(await api("/tokens", { method: "POST", body: { name: name.trim(), scopes, days: Number(days) } })));
  if (made) {
    return html`<${Dialog} title="Copy it now" onClose=${onClose}>
      <p>This is the token of ${made.name}. Nobody can show it a second time.</p>
      <${Copyable} text=${made.token} what="the token" />
      <div class="buttons"><button class="primary" onClick=${onClose}>I have it</button></div><//>`;
  }
  const turn = (scope) => setScopes(scopes.includes(scope) ? scopes.filter((each) => each !== scope) : [...scopes, scope]);
  return html`<${Dialog} title="New token" onClose=${onClose}>
    <form class="stack" onSubmit=${(event) => { event.preventDefault(); make(); }}>
      <${Field} label="Name" hint="Of the system or person. The audit shows it."><input required autofocus ...${PLAIN} maxlength="60" value=${name} onInput=${(event) => setName(event.target.value)} /><//>
      <fieldset class="stack"><legend class="label">Scopes</legend>
        ${Object.entries(SCOPES).map(([scope, says]) => html`<label class="check" key=${scope}><input type="checkbox" checked=${scopes.includes(scope)} onChange=${() => turn(scope)} /><span><strong>${scope}</strong> <span class="muted">${says}</span></span></label>`)}
      </fieldset>
      <${Field} label="Days until it expires"><input type="number" min="1" max="400" required value=${days} onInput=${(event) => setDays(event.target.value)} /><//>
      ${error && html`<${Failed} error=${error} />`}
      <div class="buttons"><button type="button" onClick=${onClose}>Cancel</button><button class="primary" disabled=${making || !scopes.length}>${making ? "Making …" : "Make it"}</button></div>
    </form><//>`;
}

/* ---------------------------------------------------------------- audit */
/** What a route is for, in the words of the API's own description. */
const actOf = (description, route) => {
  const [method, path] = route.split(" ");
  return description?.paths[path]?.[method.toLowerCase()]?.summary;
};

const OUTCOMES = { done: "excellent", refused: "poor", failed: "fair", begun: "fair" };

function Audit() {
  const { from, to } = rangeOf(route.value.query, "24h");
  const found = usePages((signal, cursor) => api("/audit", { query: { from, to, cursor }, signal }), [from, to]);
  const { data: description } = useLoad((signal) => api("/openapi.json", { signal }), []);
  const columns = [
    { key: "at", title: "When (UTC)", cell: (row) => html`<span title=${ago(row.at)}>${time(row.at, { seconds: true, zone: false })}</span>` },
    { key: "name", title: "Who", cell: (row) => html`${row.name}${row.note && html` <span class="muted">(${row.note})</span>`}` },
    { key: "route", title: "Did", wide: true, cell: (row) => html`<span title=${row.route}>${actOf(description, row.route) ?? html`<code>${row.route}</code>`}</span>` },
    { key: "outcome", title: "Outcome", cell: (row) => html`<span class=${`tag ${OUTCOMES[row.outcome] ?? ""}`}>${words(row.outcome)}</span> ${row.status}` },
    { key: "target", title: "To what", cell: (row) => (row.target ? html`<code>${row.target}</code>` : row.subject ? html`<span class="muted" title=${`Keyed hash ${row.subject}`}>a person</span>` : "–") },
    { key: "request", title: "Request", cell: (row) => html`<code>${row.request_id}</code>` },
  ];
  return html`<${Panel} title="Audit">
    <${Loaded} of=${found.first} empty=${({ items }) => !items.length && html`<${Empty} title="Nothing in this period">Writes, exports, looks at numbers and refusals stand here, for 400 days.<//>`}>
      ${() => html`<${Table} caption="Audit" columns=${columns} rows=${found.items} />
        <div class="row"><${Older} of=${found} /></div>`}<//>
  <//>`;
}

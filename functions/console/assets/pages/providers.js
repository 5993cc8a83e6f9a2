// The providers, and the way from an address to the first report.
import { html, useEffect, useState } from "../vendor.js";
import { api, has } from "../api.js";
import { Copyable } from "../components/copy.js";
import { Confirm } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { Table, providersNow } from "../components/table.js";
import { Tail } from "../components/tail.js";
import { ago, time } from "../format.js";
import { Empty, Failed, Loaded, toast, useAct, useLoad, usePoll } from "../load.js";
import { codesHref, go, href, messageHref, providerHref, route } from "../router.js";

/** Messages of the tail that a test report is looked for among. */
const KEPT = 100;

const byTitle = (a, b) => a.title.localeCompare(b.title, "en", { numeric: true });

async function inOrder() {
  const { items } = await providersNow();
  return { items: items.toSorted(byTitle) };
}

export default function Providers() {
  const [name] = route.value.rest;
  const listed = useLoad(inOrder, []);
  usePoll(listed.reload, 30_000);
  if (!listed.data) return html`<${Heading} title="Providers" /><${Loaded} of=${listed} />`;
  return html`<${Loaded} of=${listed} empty=${({ items }) => items.length === 0 && html`<${Empty} title="No providers">This stack knows none.<//>`}>
    ${({ items }) => {
      if (!name) return html`<${List} items=${items} />`;
      const one = items.find((each) => each.name === name);
      return one ? html`<${One} key=${name} provider=${one} reload=${listed.reload} />` : html`<${Unknown} />`;
    }}
  <//>`;
}

const Unknown = () => html`<${Heading} title="Providers" /><${Empty} title="There is no such provider"><a href=${href("providers")}>All providers</a><//>`;

function List({ items }) {
  const deployed = items.filter((each) => each.enabled);
  const isNew = deployed.length > 0 && deployed.every((each) => !each.last_seen);
  const others = items.filter((each) => !each.enabled);
  return html`<${Heading} title="Providers" says="Where each reports to, how it proves who it is, and when it was last heard of." />
    ${isNew && html`<${FirstVisit} items=${deployed} />`}
    <${Panel} title="In this stack">
      ${deployed.length === 0
        ? html`<${Empty} title="None is deployed">Name them in <code>Providers</code> and deploy again.<//>`
        : html`<${Table} caption="Providers in this stack" columns=${COLUMNS} rows=${deployed} link=${(each) => providerHref(each.name)} rowKey=${(each) => each.name} />`}
    <//>
    <${Panel} title="Live"><${Tail} /><//>
    ${others.length > 0 && html`<${Panel} title="Known, but not in this stack">
      <p>${others.map((each) => each.title).join(", ")}. To get a webhook, name it in <code>Providers</code> and deploy again.</p>
    <//>`}`;
}

const COLUMNS = [
  { key: "title", title: "Provider", sort: (each) => each.title.toLowerCase() },
  { key: "last_seen", title: "Last seen", sort: (each) => each.last_seen ?? "", cell: (each) => html`<${Seen} at=${each.last_seen} />` },
  { key: "key", title: "Signing key", cell: (each) => html`<${Key} signing=${each.signing} />` },
  { key: "signed", title: "It signs", wide: true, cell: (each) => (each.signed === "no" ? html`<span class="muted">nothing</span>` : each.signed.replace(/^no; /, "nothing; ")) },
  { key: "sends", title: "It sends", wide: true, cell: (each) => inline(each.sends) },
];

const Seen = ({ at }) => (at ? html`<span title=${time(at)}>${ago(at)}</span>` : html`<span class="muted">never</span>`);

function Key({ signing }) {
  if (signing.key === "none") return html`<span class="muted">signs nothing</span>`;
  if (signing.key === "set") return html`<span class="tag excellent">Set</span>`;
  return signing.required ? html`<span class="tag poor">Missing: all is refused</span>` : html`<span class="tag fair">Not set: token alone</span>`;
}

function FirstVisit({ items }) {
  const [name, setName] = useState("");
  const begin = (event) => {
    event.preventDefault();
    go(providerHref(name));
  };
  return html`<${Panel} title="Receive your first report">
    <p>No report has come yet. Choose a provider: the next page has its address to copy, its signing key to set and a
      button that sends a test report, and you watch the report arrive.</p>
    <form class="row ask" onSubmit=${begin}>
      <${Field} label="Provider"><select required value=${name} onChange=${(event) => setName(event.target.value)}>
        <option value="">Choose …</option>
        ${items.map((each) => html`<option value=${each.name}>${each.title}</option>`)}
      </select><//>
      <button class="primary">Set it up</button>
    </form>
  <//>`;
}

function One({ provider, reload }) {
  const [sent, setSent] = useState(null);
  const [heard, setHeard] = useState([]);
  const arrived = heard.includes(sent?.message_id); // the tail may have it before the answer is here
  useEffect(() => void (arrived && reload()), [arrived]);
  return html`<${Heading} title=${provider.title} says=${html`Sends ${inline(provider.sends)}. Last seen: ${ago(provider.last_seen)}.`}>
      <a class="button" href=${href("providers")}>All providers</a>
      <a class="button" href=${codesHref(provider.name)}>Its codes</a>
      ${provider.docs && html`<a class="button" href=${provider.docs} target="_blank" rel="noreferrer">Its documentation</a>`}
    <//>
    ${!provider.enabled && html`<${Panel}><${Empty} title="Not in this stack">Name <code>${provider.name}</code> in <code>Providers</code> and deploy again.<//><//>`}
    ${provider.enabled && html`
      <${Panel} title="1. Enter the address at the provider"><${Address} provider=${provider} /><//>
      <${Panel} title="2. Set the signing key"><${Signing} provider=${provider} reload=${reload} /><//>
      <${Panel} title="3. Send a test report"><${Test} provider=${provider} arrived=${arrived} onSent=${setSent} /><//>
      <${Panel} title="4. Watch it arrive"><${Tail} provider=${provider.name} onItem=${(each) => setHeard((old) => [...old, each.message_id].slice(-KEPT))} /><//>`}
    <${Panel} title="What to know">
      <dl class="facts">
        <dt>It waits for</dt><dd>${inline(provider.answer)}</dd>
        <dt>A signature covers</dt><dd>${provider.signed === "no" ? "nothing: it does not sign" : inline(provider.signed)}</dd>
      </dl>
    <//>`;
}

function Address({ provider }) {
  if (!has("admin")) return html`<p class="muted">The address holds a token, so only who has scope <code>admin</code> sees it.</p>`;
  return html`${provider.url
      ? html`<${Copyable} text=${provider.url} what="the address" /><p class="muted small">Whoever has this address can send reports: treat it like a password.</p>`
      : html`<p class="muted">There is none.</p>`}
    <${Text} of=${provider.setup} />`;
}

/** The little Markdown that the set-up notes use: paragraphs and blocks of code. */
function Text({ of }) {
  return of.split("```").map((part, place) => (place % 2
    ? html`<pre tabindex="0"><code>${part.replace(/^\w*\n/, "").trim()}</code></pre>`
    : part.split(/\n\n+/).filter((each) => each.trim()).map((each) => html`<p>${inline(each)}</p>`)));
}

const inline = (text) => text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)]+\))/).map((part) => {
  if (part.startsWith("`")) return html`<code>${part.slice(1, -1)}</code>`;
  if (/^\*\*.+\*\*$/.test(part)) return html`<strong>${part.slice(2, -2)}</strong>`;
  if (/^\*[^*]+\*$/.test(part)) return html`<em>${part.slice(1, -1)}</em>`;
  const link = part.match(/^\[([^\]]+)\]\((https:[^)]+)\)$/);
  if (link) return html`<a href=${link[2]} target="_blank" rel="noreferrer">${link[1]}</a>`;
  return part.replace(/^\[([^\]]+)\]\([^)]+\)$/, "$1");
});

function keySays({ key, required }) {
  if (key === "set") return "Only what it signed is taken.";
  return required ? "Without a key every request is refused." : "Until there is one, the token in the address alone counts. You can set it later.";
}

function Signing({ provider, reload }) {
  const [key, setKey] = useState("");
  const [asking, setAsking] = useState(false);
  const { signing } = provider;
  if (signing.key === "none") return html`<p class="muted">This provider signs nothing: there is nothing to set. The token in the address is the proof.</p>`;
  const run = () => api(`/providers/${provider.name}/key`, { method: "PUT", body: { key } });
  const done = () => {
    setKey("");
    toast(`The signing key of ${provider.title} is set.`);
    reload();
  };
  return html`<p><${Key} signing=${signing} /> ${keySays(signing)}</p>
    ${has("admin")
      ? html`<form class="row ask" onSubmit=${(event) => { event.preventDefault(); setAsking(true); }}>
          <${Field} label="Signing key" hint=${html`At the provider: ${inline(signing.name ?? "")}`}>
            <input type="password" required autocomplete="off" spellcheck="false" value=${key} onInput=${(event) => setKey(event.target.value)} /><//>
          <button class="primary">${signing.key === "set" ? "Replace key" : "Set key"}</button>
        </form>
        <p class="muted small">It is stored in Secrets Manager and never shown again.</p>`
      : html`<p class="muted">Who has scope <code>admin</code> can set it.</p>`}
    ${asking && html`<${Confirm} title=${signing.key === "set" ? "Replace the signing key?" : "Set the signing key?"} action=${signing.key === "set" ? "Replace key" : "Set key"}
      run=${run} onDone=${done} onClose=${() => setAsking(false)}>
      From then on this key alone counts: a report that it did not sign is refused. The webhook takes it at the latest after five minutes.
    <//>`}`;
}

function Test({ provider, arrived, onSent }) {
  const [tested, setTested] = useState(null);
  const [send, sending, error] = useAct(async () => {
    setTested(null);
    const answer = await api(`/providers/${provider.name}/test`, { method: "POST" });
    setTested(answer);
    onSent(answer);
  });
  if (!has("admin")) return html`<p class="muted">Who has scope <code>admin</code> can send one.</p>`;
  const isTaken = tested?.status >= 200 && tested?.status < 300;
  return html`<p>A made-up report, that a message to a number of nobody was delivered, goes through the real webhook. It is stored and counted like any other.</p>
    <div class="row"><button class="primary" disabled=${sending} onClick=${send}>${sending ? "Sending …" : "Send a test report"}</button></div>
    ${error && html`<${Failed} error=${error} />`}
    ${tested && html`<p role="status"><span class=${`tag ${isTaken ? "excellent" : "poor"}`}>${tested.status ? `HTTP ${tested.status}` : "No answer"}</span> ${tested.detail}
      ${isTaken && html` Message <a href=${messageHref(provider.name, tested.message_id)}>${tested.message_id}</a>${arrived ? html`: <strong>it has arrived.</strong> So will what ${provider.title} sends to the address.` : "; it comes below within seconds."}`}</p>`}`;
}

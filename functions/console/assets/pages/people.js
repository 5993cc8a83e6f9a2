// One person: everything stored about them, as a file, and its erasure.
import { html, useState } from "../vendor.js";
import { api, has } from "../api.js";
import { Confirm } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { Cause, Code, ProviderTitle, Status, Table } from "../components/table.js";
import { count, many, masked, time } from "../format.js";
import { Empty, Failed, toast, useAct } from "../load.js";
import { href, messageHref } from "../router.js";

export default function People() {
  const [number, setNumber] = useState("");
  const [person, setPerson] = useState(null);
  const [find, finding, error] = useAct(async () => {
    setPerson(null);
    const found = await api("/people/lookup", { method: "POST", body: { number: number.trim() } });
    setPerson({ number: number.trim(), found });
  });
  return html`<${Heading} title="People" says="What is stored about one person, for their questions and their right to be forgotten." />
    <${Panel} title="Find a person">
      <form class="row ask" onSubmit=${(event) => { event.preventDefault(); find(); }}>
        <${Field} label="Number" hint="With + and the country. Each search is kept in the audit, without the number.">
          <input type="tel" required autocomplete="off" value=${number} onInput=${(event) => setNumber(event.target.value)} /><//>
        <button class="primary" disabled=${finding}>${finding ? "Looking …" : "Find"}</button>
      </form>
      ${error && html`<${Failed} error=${error} />`}
    <//>
    ${person && html`<${Person} ...${person} onErased=${() => { setPerson(null); setNumber(""); }} />`}`;
}

function Person({ number, found, onErased }) {
  const [erasing, setErasing] = useState(false);
  const [further, others] = [found.further_messages.length, found.further_requests.length];
  const nothing = !found.suppression && found.messages.length + found.quarantine.length + further + others === 0;
  const tools = html`<span class="row">
    ${!nothing && html`<button onClick=${() => download(found)}>Download everything</button>`}
    ${has("erase") && html`<button class="danger" onClick=${() => setErasing(true)}>Erase …</button>`}
  </span>`;
  return html`<${Panel} title=${masked(number)} tools=${tools}>
      ${nothing ? html`<${Empty} title="Nothing is stored about this number">No message, no entry on a list, no request in quarantine.<//>` : html`
        <dl class="facts">
          <dt>Messages</dt><dd>${count(found.messages.length + further)}</dd>
          <dt>Suppression list</dt><dd>${found.suppression ? html`an entry; <a href=${href("suppressions")}>look it up</a>` : "no entry"}</dd>
          <dt>Requests in quarantine</dt><dd>${count(found.quarantine.length)}${others > 0 && html`, and ${count(others)} that may hold the number`}</dd>
        </dl>`}
      ${found.messages.length > 0 && html`<${Table} caption="This person's messages" columns=${COLUMNS} rows=${found.messages} link=${(each) => messageHref(each.provider, each.message_id)} />`}
      ${further > 0 && html`<p class="muted">Not shown: ${many(further, "more message")}. The file names them.</p>`}
    <//>
    ${erasing && html`<${Erase} number=${number} found=${found} onErased=${onErased} onClose=${() => setErasing(false)} />`}`;
}

const COLUMNS = [
  { key: "received_at", title: "Last report", sort: (each) => each.received_at, cell: (each) => time(each.received_at) },
  { key: "provider", title: "Provider", sort: (each) => each.provider, cell: (each) => html`<${ProviderTitle} name=${each.provider} />` },
  { key: "status", title: "Status", cell: (each) => html`<${Status} status=${each.status} />` },
  { key: "cause", title: "Cause", cell: (each) => html`<${Cause} cause=${each.cause} bounce=${each.bounce} />` },
  { key: "provider_code", title: "Code", rest: true, cell: (each) => html`<${Code} provider=${each.provider} code=${each.provider_code} />` },
  { key: "message_id", title: "Message", cell: (each) => html`<code class="cut" title=${each.message_id}>${each.message_id}</code>` },
];

function Erase({ number, found, onErased, onClose }) {
  const run = (note) => api("/people/erase", { method: "POST", body: { number }, note });
  const done = ({ messages, quarantine, suppressed }) => {
    toast(`Erased: ${many(messages, "message")}, ${many(quarantine, "request")}.${suppressed ? " Only the keyed hash stays on the suppression list." : ""}`);
    onErased();
  };
  return html`<${Confirm} title="Erase this person?" action="Erase" danger type="ERASE" reason="Reason" run=${run} onDone=${done} onClose=${onClose}>
    <p>${many(found.messages.length + found.further_messages.length, "message")} and ${many(found.quarantine.length, "request")} in quarantine are deleted for good. Backups keep them for as long as <code>PointInTimeRecoveryDays</code> says.</p>
    <p>Who is suppressed stays so, by a keyed hash alone: otherwise they would be sent to again.</p>
  <//>`;
}

/** The answer as it came, as a file. */
function download(found) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(found, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "person.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

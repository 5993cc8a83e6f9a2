// Who may not be sent to, why, and what an operator does about it.
import { html, useState } from "../vendor.js";
import { api } from "../api.js";
import { sheetOf, inFile } from "../csv.js";
import { Code } from "../components/code.js";
import { Confirm } from "../components/dialog.js";
import { Choice, Field } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { ProviderSelect, ProviderTitle, useTitles } from "../components/provider.js";
import { Empty, Failed, Loaded, NoScope } from "../components/states.js";
import { Table } from "../components/table.js";
import { Cause } from "../components/tags.js";
import { toast } from "../components/toast.js";
import { count, many, time, words } from "../format.js";
import { messageHref, providerHref } from "../links.js";
import { useAct, useLoad } from "../load.js";
import { href, route, setQuery } from "../router.js";
import { has } from "../session.js";
import { isWorking, startWork, Work, workOf } from "../work.js";

const PARTS = { lookup: ["Look up", LookUp, "check"], import: ["Import", Import, "write"], held: ["Held", HeldNumbers, "read"], revert: ["Revert", Revert, "write"] };
const ROWS_A_CALL = 1000;

export default function Suppressions() {
  const asked = route.value.query.part ?? "";
  const part = Object.hasOwn(PARTS, asked) ? asked : "lookup";
  const [, Content, scope] = PARTS[part];
  return html`<${Heading} title="Suppressions" says="Who may not be sent to: dead numbers for a time, opt-outs until somebody lifts them.">
      ${has("pii") && html`<a class="button" href=${href("exports", { kind: "suppressions" })}>Export the list</a>`}
    <//>
    <div><${Choice} label="Part of this page" value=${part} options=${Object.entries(PARTS).map(([key, [title]]) => [key, title])}
      onChange=${(value) => setQuery({ part: value === "lookup" ? "" : value, provider: "" })} /></div>
    ${has(scope) ? html`<${Content} key=${part} />` : html`<${Panel}><${NoScope} scope=${scope} /><//>`}`;
}

/* ---------------------------------------------------------------- look up */
function LookUp() {
  const [number, setNumber] = useState("");
  const [found, setFound] = useState(null);
  const [find, finding, error] = useAct(async () => {
    setFound(null);
    setFound({ number: number.trim(), ...(await api("/suppressions/lookup", { method: "POST", body: { number: number.trim() } })) });
  });
  return html`<${Panel} title="May this number be sent to?">
      <form class="row ask" onSubmit=${(event) => { event.preventDefault(); find(); }}>
        <${Field} label="Number" hint="With + and the country, like +44 7700 900123. It never stands in an address or a log.">
          <input type="tel" required autocomplete="off" value=${number} onInput=${(event) => setNumber(event.target.value)} /><//>
        <button class="primary" disabled=${finding}>${finding ? "Looking …" : "Look up"}</button>
      </form>
      ${error && html`<${Failed} error=${error} />`}
    <//>
    ${found && html`<${Standing} found=${found} change=${(answer) => setFound({ number: found.number, ...answer })} />`}`;
}

const LISTS = { number: "Dead numbers", opt_out: "Opt-outs" };

function Standing({ found, change }) {
  const [act, setAct] = useState(null);
  const body = { number: found.number };
  const lift = (note) => api("/suppressions/lift", { method: "POST", body, note });
  const add = (list) => (note) => api("/suppressions/add", { method: "POST", body: { ...body, list }, note });
  const done = (says) => (answer) => {
    change(answer);
    toast(says);
  };
  const isOn = found.state && found.state !== "none" && found.state !== "lifted";
  return html`<${Panel} title=${found.suppressed ? "No: it is suppressed" : "Yes: it may be sent to"} tools=${html`<span class=${`tag ${found.suppressed ? "poor" : "excellent"}`}>${found.suppressed ? "Suppressed" : "Free"}</span>`}>
    <${Why} found=${found} />
    ${has("write") && html`<div class="row">
      ${isOn && html`<button onClick=${() => setAct("lift")}>Lift</button>`}
      ${!found.suppressed && html`<button onClick=${() => setAct("opt_out")}>Put on the opt-outs</button>
        <button onClick=${() => setAct("number")}>Put on the dead numbers</button>`}
    </div>`}
    ${act === "lift" && html`<${Confirm} title="Lift this number?" action="Lift" reason="Reason" run=${lift} onDone=${done("Lifted.")} onClose=${() => setAct(null)}>
      It may be sent to again at once, on both lists. ${found.list === "opt_out" && html`<strong>This person opted out</strong>: lift it only if they asked for it.`}
    <//>`}
    ${LISTS[act] && html`<${Confirm} title=${`Put this number on: ${LISTS[act]}?`} action="Put it on" reason="Reason" run=${add(act)} onDone=${done("It is on the list.")} onClose=${() => setAct(null)}>
      It may not be sent to any more, ${act === "opt_out" ? "until somebody lifts it" : "until the entry ends by itself or a message is delivered"}.
    <//>`}
  <//>`;
}

function Why({ found }) {
  if (!found.state || found.state === "none") return html`<p class="muted">Nothing is known of it: no failure, no opt-out.</p>`;
  return html`<dl class="facts">
    <dt>List</dt><dd>${LISTS[found.list] ?? html`<span class="muted">none</span>`}</dd>
    <dt>State</dt><dd>${words(found.state)}${STATES[found.state] && html` <span class="muted">${STATES[found.state]}</span>`}</dd>
    <dt>Why</dt><dd><${Cause} cause=${found.cause} />${found.provider_code && html` · <${Code} provider=${found.provider} code=${found.provider_code} />`}</dd>
    <dt>Who said so</dt><dd>${found.provider ? html`<a href=${providerHref(found.provider)}><${ProviderTitle} name=${found.provider} /></a>` : "an operator"}${found.message_id && html`, message <a href=${messageHref(found.provider, found.message_id)}>${found.message_id}</a>`}</dd>
    <dt>Since</dt><dd>${time(found.first_seen)}${found.last_seen && found.last_seen !== found.first_seen && html`, last ${time(found.last_seen)}`}</dd>
    <dt>Until</dt><dd>${found.expires_at ? time(found.expires_at) : found.suppressed ? "somebody lifts it" : "–"}</dd>
    <dt>Strikes</dt><dd>${count(found.strikes)}</dd>
  </dl>`;
}

const STATES = { watching: "failures that leave it in doubt; not suppressed yet", held: "the mass-bounce guard holds it: see Held", lifted: "it was on a list, and was taken off" };

/* ---------------------------------------------------------------- import */
const IMPORT = "import";

function Import() {
  const [text, setText] = useState("");
  const [list, setList] = useState("opt_out");
  const [country, setCountry] = useState("");
  const [note, setNote] = useState("");
  const { rows } = sheetOf(text, list);
  const read = async (event) => setText((await event.target.files[0]?.text()) ?? "");
  const begin = (event) => {
    event.preventDefault();
    startWork(IMPORT, `Import of ${count(rows.length)} rows`, (step) => importAll(sheetOf(text, list), country.trim().toUpperCase(), note.trim(), step));
  };
  return html`<${Panel} title="Put many numbers on the list">
      <form class="stack" onSubmit=${begin}>
        <p>A CSV file with a column <code>number</code>, or one number a line. Columns <code>list</code> and <code>cause</code> say where each goes and why;
          so does an export of this list. Rows with an error cost no other row.</p>
        <${Field} label="File"><input type="file" accept=".csv,.txt,text/csv,text/plain" onChange=${read} /><//>
        <${Field} label="Or paste it"><textarea spellcheck="false" autocomplete="off" value=${text} onInput=${(event) => setText(event.target.value)}></textarea><//>
        <div class="filters roomy">
          <${Field} label="List of bare numbers"><select value=${list} onChange=${(event) => setList(event.target.value)}><option value="opt_out">Opt-outs</option><option value="number">Dead numbers</option></select><//>
          <${Field} label="Country of numbers without +" hint="Two letters, like GB"><input maxlength="2" pattern="[A-Za-z]{2}" value=${country} onInput=${(event) => setCountry(event.target.value)} /><//>
          <${Field} label="Reason" hint="It is kept in the audit."><input maxlength="100" pattern="[ -~]+" value=${note} onInput=${(event) => setNote(event.target.value)} /><//>
        </div>
        <div class="row"><button class="primary" disabled=${rows.length === 0 || isWorking(IMPORT)}>Import${rows.length > 0 && ` ${count(rows.length)} rows`}</button></div>
      </form>
    <//>
    <${ImportState} />`;
}

function ImportState() {
  const work = workOf(IMPORT);
  return work && html`<${Panel}><${Work} name=${IMPORT} unit="rows read">
    <p>${count(work.imported ?? 0)} are on the list, ${count(work.skipped ?? 0)} were skipped, ${count(work.notes.length)} have an error.</p>
  <//><//>`;
}

const refused = (from, to, says) => ({ title: "Not a table that can be read", message: `Nothing of rows ${count(from)} to ${count(to)} was taken: ${says}.` });

async function importAll({ header, rows, first }, country, note, step) {
  let [imported, skipped, notes] = [0, 0, []];
  step({ total: rows.length });
  for (let at = 0; at < rows.length; at += ROWS_A_CALL) {
    const part = rows.slice(at, at + ROWS_A_CALL);
    const answer = await api("/suppressions/import", { method: "POST", query: { country }, body: [header, ...part].join("\n"), note: note || undefined });
    const wrong = answer.errors.map((each) => inFile(each, at, first));
    if (wrong.includes(null)) throw refused(at + first, at + part.length - 1 + first, answer.errors[0]);
    imported += answer.imported;
    skipped += answer.skipped ?? 0;
    notes = [...notes, ...wrong];
    if (!step({ done: at + part.length, imported, skipped, notes })) return;
  }
}

/* ---------------------------------------------------------------- held */
function HeldNumbers() {
  const status = useLoad((signal) => api("/status", { signal }), []);
  const [asked, setAsked] = useState(null);
  const title = useTitles();
  const [since, setSince] = useState(yesterday);
  const settle = ({ provider, act }) => async (note) => {
    startWork(`held-${provider}`, `${TITLES[act]} what is held of ${title(provider)}`, async (step) => {
      await inParts(`/suppressions/held/${provider}/${act}`, act === "discard" ? { since: utc(since) } : {}, note, "settled", step, asked.n);
      status.reload();
    });
  };
  return html`<${Panel} title="What the mass-bounce guard holds">
      <p>Very many new dead numbers of one provider within an hour look like the provider's fault. They are held: they are still sent to, until somebody decides.</p>
      <${Loaded} of=${status} empty=${({ held }) => held.length === 0 && html`<${Empty} title="Nothing is held">When a provider calls more numbers dead in an hour than <code>MassBounceLimit</code>, they wait here.<//>`}>
        ${({ held }) => html`<${Table} caption="Held numbers" rows=${held} rowKey=${(each) => each.provider} columns=${[
          { key: "provider", title: "Provider", cell: (each) => html`<a href=${providerHref(each.provider)}><${ProviderTitle} name=${each.provider} /></a>` },
          { key: "n", title: "Numbers", num: true, cell: (each) => count(each.n) },
          { key: "acts", title: "", cell: (each) => has("write") && html`<span class="row">
            <button class="small" aria-label=${`Release what is held of ${title(each.provider)}`} onClick=${() => setAsked({ ...each, act: "release" })}>Release</button>
            <button class="small danger" aria-label=${`Discard what is held of ${title(each.provider)}`} onClick=${() => setAsked({ ...each, act: "discard" })}>Discard</button></span>` },
        ]} />
        ${held.map((each) => html`<${Work} key=${each.provider} name=${`held-${each.provider}`} unit="numbers" />`)}`}
      <//>
    <//>
    ${asked && html`<${Confirm} title=${`${TITLES[asked.act]} ${many(asked.n, "number")} of ${title(asked.provider)}?`} action=${TITLES[asked.act]} danger=${asked.act === "discard"} reason="Reason"
      run=${settle(asked)} onClose=${() => setAsked(null)}>
      <p>${ABOUT[asked.act]}</p>
      ${asked.act === "discard" && html`<${Field} label="Received from (UTC)" hint="What was held before stays held."><input type="datetime-local" required value=${since} onInput=${(event) => setSince(event.target.value)} /><//>`}
    <//>`}`;
}

const TITLES = { release: "Release", discard: "Discard" };
const ABOUT = {
  release: "The provider was right: these numbers are dead, and are suppressed from now on.",
  discard: "The provider was wrong: these reports never count. The numbers stay free.",
};

/** An act that answers in parts: `next` goes on, with the `until` of the first answer. */
async function inParts(path, window, note, counted, step, total = 0) {
  let [after, until, done] = [undefined, window.until, 0];
  step({ total });
  do {
    const answer = await api(path, { method: "POST", query: { after }, body: { since: window.since, until }, note });
    done += answer[counted];
    after = answer.next;
    until = answer.until ?? until;
    if (!step({ done })) return;
  } while (after);
  step({ total: done });
}

/* ---------------------------------------------------------------- revert */
const REVERT = "revert";

function Revert() {
  const [provider, setProvider] = useState(route.value.query.provider ?? "");
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const [asking, setAsking] = useState(false);
  const window = { since: utc(since), until: utc(until) };
  const run = async (note) => {
    startWork(REVERT, `Revert of ${provider}`, (step) => inParts(`/suppressions/revert/${provider}`, window, note, "reverted", step));
  };
  return html`<${Panel} title="Take back what a provider's reports did">
      <p>For a time in which a provider reported nonsense, or in which somebody else had its token: every number that its reports put on a list comes off, opt-outs too.
        What others said of the same numbers stays.</p>
      <form class="stack" onSubmit=${(event) => { event.preventDefault(); setAsking(true); }}><div class="filters roomy">
        <${Field} label="Provider"><${ProviderSelect} required value=${provider} onChange=${setProvider} /><//>
        <${Field} label="Received from (UTC)"><input type="datetime-local" required value=${since} onInput=${(event) => setSince(event.target.value)} /><//>
        <${Field} label="Received until (UTC)" hint="Empty: until now"><input type="datetime-local" value=${until} onInput=${(event) => setUntil(event.target.value)} /><//>
        </div><div><button class="danger" disabled=${isWorking(REVERT)}>Revert …</button></div>
      </form>
      <${Work} name=${REVERT} unit="numbers" />
    <//>
    ${asking && html`<${Confirm} title=${`Revert the reports of ${provider}?`} action="Revert" danger type=${provider} reason="Reason" run=${run} onClose=${() => setAsking(false)}>
      From ${time(window.since)} until ${window.until ? time(window.until) : "now"}. This cannot be undone.
    <//>`}`;
}

const yesterday = () => new Date(Date.now() - 24 * 3600e3).toISOString().slice(0, 16);
const utc = (local) => (local ? new Date(`${local}Z`).toISOString() : undefined);

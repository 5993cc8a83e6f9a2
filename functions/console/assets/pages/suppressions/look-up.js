// May this number be sent to, why, and what an operator does about it.
import { html, useState } from "../../vendor.js";
import { api, has } from "../../api.js";
import { Confirm } from "../../components/dialog.js";
import { Field } from "../../components/field.js";
import { Panel } from "../../components/frame.js";
import { Cause, Code, ProviderTitle } from "../../components/table.js";
import { count, time, words } from "../../format.js";
import { Failed, toast, useAct } from "../../load.js";
import { messageHref, providerHref } from "../../router.js";

export function LookUp() {
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

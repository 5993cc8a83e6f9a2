// A message with all that its provider said of it, and why its number is suppressed or not.
import { html, useState } from "../../vendor.js";
import { api, has } from "../../api.js";
import { Copyable } from "../../components/copy.js";
import { Dialog } from "../../components/dialog.js";
import { Cause, PhoneNumber, Status, meaningOf, toneOf, useCodes, useTitles } from "../../components/table.js";
import { ago, duration, network, time, words } from "../../format.js";
import { Empty, Failed, Loaded, useAct, useLoad } from "../../load.js";
import { codesHref, setQuery } from "../../router.js";

export function Drawer({ provider, id }) {
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
      ${fact("Network", message.network && network(message.network))}
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

// Labelled controls of a form, and the period that a page looks at.
import { cloneElement, html, useId, useState } from "../vendor.js";
import { has } from "../api.js";
import { time } from "../format.js";
import { useLoad } from "../load.js";
import { route, setQuery } from "../router.js";
import { providers } from "./table.js";

/** `<Field label="Reason" hint="…"><input …/><//>` */
export function Field({ label, hint, children }) {
  const id = useId();
  const control = [children].flat().find(Boolean);
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${cloneElement(control, { id, "aria-describedby": hint ? `${id}-hint` : undefined })}
    ${hint && html`<div id=${`${id}-hint`} class="muted small">${hint}</div>`}
  </div>`;
}

/** One of few, seen at once: `options` is `[[value, title], …]`. */
export function Choice({ label, options, value, onChange }) {
  const name = useId();
  return html`<fieldset class="choice">
    <legend class="unseen">${label}</legend>
    ${options.map(([each, title]) => html`<label key=${each}>
      <input type="radio" name=${name} value=${each} checked=${each === value} onChange=${() => onChange(each)} />
      <span>${title}</span>
    </label>`)}
  </fieldset>`;
}

/** Of an input whose text goes into the audit, by way of a header. */
export const PLAIN = { maxlength: "100", pattern: "[ -~]+", title: "Letters without accents, digits and signs" };

/** Of a form: the deployed ones, or `every` one. `id` and so on come from `Field`. Who may not list them writes the name. */
export function ProviderSelect({ value, onChange, any, every, ...rest }) {
  const { data } = useLoad(providers, []);
  if (!has("read")) return html`<input ...${rest} pattern="[a-z0-9]+" placeholder="Like smsmode" value=${value} onChange=${(event) => onChange(event.target.value)} />`;
  const items = (data?.items ?? []).filter((each) => every || each.enabled);
  return html`<select ...${rest} value=${value} onChange=${(event) => onChange(event.target.value)}>
    <option value="">${any ?? "Choose …"}</option>
    ${value && !items.some((each) => each.name === value) && html`<option value=${value}>${value}</option>`}
    ${items.map((each) => html`<option key=${each.name} value=${each.name}>${each.title}</option>`)}
  </select>`;
}

const HOUR = 3_600_000;
const RANGES = { "24h": [24, "24 hours"], "7d": [7 * 24, "7 days"], "30d": [30 * 24, "30 days"] };

const known = (range) => Object.hasOwn(RANGES, range ?? "");

/** `{from, to}` for the API, and `hours` it spans. Without `to` it goes up to now. */
export function rangeOf({ range, from, to }, fallback = "7d") {
  if (from) return { from, to: to || undefined, hours: ((to ? new Date(to) : Date.now()) - new Date(from)) / HOUR };
  const [hours] = RANGES[known(range) ? range : fallback];
  return { from: new Date(Math.floor(Date.now() / HOUR + 1 - hours) * HOUR).toISOString(), hours };
}

/** What of the query says the period, to hand it on to another page. */
export const periodIn = ({ range, from, to }) => ({ range, from, to });

/** The period lives in the address: `range=7d`, or `from=…&to=…`. */
export function RangePicker({ fallback = "7d" }) {
  const { range, from, to } = route.value.query;
  const [opened, setOpened] = useState(false);
  const open = opened || Boolean(from);
  const chosen = open ? "own" : known(range) ? range : fallback;
  const choose = (key) => {
    setOpened(key === "own");
    if (key !== "own") setQuery({ range: key === fallback ? "" : key, from: "", to: "" });
  };
  return html`<div class="range">
    <${Choice} label="Period" value=${chosen} onChange=${choose} options=${[...Object.entries(RANGES).map(([key, [, title]]) => [key, title]), ["own", "From … to"]]} />
    ${open && html`<${OwnRange} key=${`${from} ${to}`} from=${from} to=${to} onShow=${() => setOpened(false)} />`}
  </div>`;
}

/** For the field; nothing where the address has no time. */
const local = (iso) => (Number.isNaN(Date.parse(iso)) ? "" : new Date(iso).toISOString().slice(0, 16));

function OwnRange({ from, to, onShow }) {
  const [start, setStart] = useState(local(from));
  const [end, setEnd] = useState(local(to));
  const submit = (event) => {
    event.preventDefault();
    onShow();
    setQuery({ range: "", from: `${start}:00Z`, to: end ? `${end}:00Z` : "" });
  };
  return html`<form class="row" onSubmit=${submit}>
    <${Field} label="From (UTC)"><input type="datetime-local" required max=${end || undefined} value=${start} onInput=${(event) => setStart(event.target.value)} /><//>
    <${Field} label="To (UTC), empty: now"><input type="datetime-local" min=${start || undefined} value=${end} onInput=${(event) => setEnd(event.target.value)} /><//>
    <button>Show</button>
  </form>`;
}

/** Until when the figures count. */
export function AsOf({ at }) {
  return at ? html`<span class="muted small">As of ${time(at, { seconds: true })}</span>` : null;
}

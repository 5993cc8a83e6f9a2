// The period that a page looks at. It lives in the address: `range=7d`, or `from=…&to=…`.
import { html, useState } from "../vendor.js";
import { time } from "../format.js";
import { route, setQuery } from "../router.js";
import { Choice, Field } from "./field.js";

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

// Messages as they change, while this is looked at.
import { html, useEffect, useRef, useState } from "../vendor.js";
import { api } from "../api.js";
import { country, time } from "../format.js";
import { messageHref } from "../links.js";
import { usePoll } from "../load.js";
import { Code } from "./code.js";
import { ProviderTitle } from "./provider.js";
import { Failed } from "./states.js";
import { Table } from "./table.js";
import { Cause, Status } from "./tags.js";

const EVERY_MS = 2000;
const KEPT = 100;

/** `provider`: only this one's. `onItem` hears of each. */
export function Tail({ provider, onItem }) {
  const [items, setItems] = useState([]);
  const [on, setOn] = useState(true);
  const [error, setError] = useState(null);
  const after = useRef();
  const busy = useRef(false);
  const ask = async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      const { items: found, next } = await api("/tail", { query: { after: after.current } });
      after.current = next;
      setError(null);
      if (found.length) setItems((old) => merged(found, old));
      found.forEach((each) => onItem?.(each));
    } catch (failed) {
      setError(failed);
    } finally {
      busy.current = false;
    }
  };
  useEffect(() => void ask(), []);
  usePoll(ask, EVERY_MS, on);
  const shown = items.filter((each) => !provider || each.provider === provider);
  return html`<div class="stack">
    <div class="row">
      <span class="muted small" role="status">${on ? "Live: changes show within seconds, at most 20 a second, without phone numbers." : "Paused."}</span>
      <button class="small" aria-pressed=${String(!on)} onClick=${() => setOn(!on)}>${on ? "Pause" : "Go on"}</button>
    </div>
    ${error && html`<${Failed} error=${error} />`}
    ${!error && shown.length === 0 && html`<p class="muted">Nothing has come in the last ten minutes. Send a test report, or a message.</p>`}
    ${shown.length > 0 && html`<${Table} dense caption="Messages as they change" columns=${COLUMNS} rows=${shown} rowKey=${(each) => each.id + each.at} />`}
  </div>`;
}

const merged = (found, old) => {
  const known = new Set(old.map((each) => each.id));
  return [...found.filter((each) => !known.has(each.id)).reverse(), ...old].slice(0, KEPT);
};

const COLUMNS = [
  { key: "at", title: "Time (UTC)", cell: (each) => time(each.at, { seconds: true, zone: false }).split(", ")[1] },
  { key: "provider", title: "Provider", cell: (each) => html`<${ProviderTitle} name=${each.provider} />` },
  { key: "status", title: "Status", cell: (each) => html`<${Status} status=${each.status} />` },
  { key: "cause", title: "Cause", cell: (each) => html`<${Cause} cause=${each.cause} />` },
  { key: "code", title: "Code", rest: true, cell: (each) => html`<${Code} provider=${each.provider} code=${each.code} />` },
  { key: "country", title: "Country", cell: (each) => (each.country ? country(each.country) : "–") },
  { key: "message_id", title: "Message", cell: (each) => (each.message_id ? html`<a class="cut" title=${each.message_id} href=${messageHref(each.provider, each.message_id)}>${each.message_id}</a>` : "–") },
];

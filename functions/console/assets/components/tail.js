// Messages as they change, while this is looked at.
import { html, useEffect, useRef, useState } from "../vendor.js";
import { api } from "../api.js";
import { Cause, Code, ProviderTitle, Status, Table } from "./table.js";
import { clock, country } from "../format.js";
import { Failed, usePoll } from "../load.js";
import { href, messageHref } from "../router.js";

const EVERY_MS = 2000;
const KEPT = 100;
/** As many as an answer has at most: then there is more to ask for. */
const FULL = 100;
/** So many answers are asked for in a row; after that what lies between is left out. */
const IN_A_ROW = 5;
/** Changes between two answers from which on the server leaves some out: 20 a second. */
const MANY = 40;
/** Changes are only written down for so long after somebody asked. */
const LEASE_MS = 30_000;
/** An answer that takes longer will not come. */
const PATIENCE_MS = 10_000;
const LIVE = "Live: changes show within seconds, at most 20 a second, without phone numbers.";

/** `provider`: only this one's. `onItem` hears of each. */
export function Tail({ provider, onItem }) {
  const [items, setItems] = useState([]);
  const [on, setOn] = useState(true);
  const [error, setError] = useState(null);
  const [gap, setGap] = useState(null);
  const [isFlood, setFlood] = useState(false);
  const after = useRef();
  const answered = useRef(null);
  const busy = useRef(false);
  const askOnce = async () => {
    const { items: found, next } = await api("/tail", { query: { after: after.current }, signal: AbortSignal.timeout(PATIENCE_MS) });
    after.current = next;
    if (found.length) setItems((old) => merged(found, old));
    found.forEach((each) => onItem?.(each));
    return found.length;
  };
  const ask = async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      const isFirst = answered.current === null;
      let [sum, turn, got] = [0, 0, FULL];
      while (got >= FULL && turn++ < IN_A_ROW) sum += got = await askOnce();
      if (got >= FULL) after.current = undefined; // the newest ones, next time
      const now = Date.now();
      if (answered.current && now - answered.current > LEASE_MS) setGap([answered.current, now]);
      answered.current = now;
      setFlood(!isFirst && sum >= MANY);
      setError(null);
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
      <span class="muted small" role="status">${says(on, error)}</span>
      <button class="small" aria-pressed=${String(!on)} onClick=${() => setOn(!on)}>${on ? "Pause" : "Go on"}</button>
    </div>
    ${error && html`<${Failed} error=${error} />`}
    ${isFlood && html`<p class="finding fair">Many changes at once: not all are shown. Pause to read; all of them are on page <a href=${href("messages", { provider })}>Messages</a> within minutes.</p>`}
    ${gap && html`<p class="finding fair">Not complete: nobody looked from ${gap.map((at) => clock(at, true)).join(" to ")} UTC. What came then is on page <a href=${href("messages", { provider })}>Messages</a>.</p>`}
    ${!error && shown.length === 0 && html`<p class="muted">Nothing has come in the last ten minutes. Send a test report, or a message.</p>`}
    ${shown.length > 0 && html`<${Table} dense caption="Messages as they change" columns=${COLUMNS} rows=${shown} rowKey=${(each) => each.id + each.at} />`}
  </div>`;
}

function says(on, error) {
  if (!on) return "Paused.";
  return error ? "Not live: it is asked again every two seconds." : LIVE;
}

const merged = (found, old) => {
  const known = new Set(old.map((each) => each.id));
  return [...found.filter((each) => !known.has(each.id)).reverse(), ...old].slice(0, KEPT);
};

const COLUMNS = [
  { key: "at", title: "Time (UTC)", cell: (each) => clock(each.at, true) },
  { key: "provider", title: "Provider", cell: (each) => html`<${ProviderTitle} name=${each.provider} />` },
  { key: "status", title: "Status", cell: (each) => html`<${Status} status=${each.status} />` },
  { key: "cause", title: "Cause", cell: (each) => html`<${Cause} cause=${each.cause} />` },
  { key: "code", title: "Code", rest: true, cell: (each) => html`<${Code} provider=${each.provider} code=${each.code} />` },
  { key: "country", title: "Country", cell: (each) => (each.country ? country(each.country) : "–") },
  { key: "message_id", title: "Message", cell: (each) => (each.message_id ? html`<a class="cut" title=${each.message_id} href=${messageHref(each.provider, each.message_id)}>${each.message_id}</a>` : "–") },
];

// A table, and what stands in cells: a status, a cause, a number, a provider, a code.
import { html, useEffect, useState } from "../vendor.js";
import { all, api, has, perSession } from "../api.js";
import { count, masked, words } from "../format.js";
import { useLoad } from "../load.js";

/**
 * A table that scrolls inside its own box. `columns`: `[{key, title, cell?: (row) => …, num?: true, sort?: (row) => value, wide?: true, wrap?: true, rest?: true}]`.
 * What has `sort` can be sorted by; without a title it holds buttons; `wide` and `wrap` are for text of several lines, `rest`
 * takes what the others leave. `most`: how many rows are shown until more is asked for. `link`: `(row) => address` of what a row is made of, or null, on its first cell and the row.
 */
export function Table({ caption, columns, rows, link, rowKey, current, dense, most = Infinity }) {
  const [order, setOrder] = useState({});
  const [isWhole, setWhole] = useState(false);
  const by = columns.find((each) => each.key === order.key);
  const sorted = by ? [...rows].sort((a, b) => order.way * compare(by.sort(a), by.sort(b))) : rows;
  const turn = (column) =>
    setOrder({ key: column.key, way: order.key === column.key ? -order.way : column.num ? -1 : 1 });
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table class=${dense ? "dense" : undefined}>
      <caption class="unseen">${caption}</caption>
      <thead><tr>
        ${columns.map((each) => html`<th key=${each.key} scope="col" class=${each.num && "num"} aria-sort=${each.sort && sorting(order, each)}>
          ${each.sort ? html`<button class="sort" onClick=${() => turn(each)}>${each.title}</button>` : each.title || html`<span class="unseen">Acts</span>`}
        </th>`)}
      </tr></thead>
      <tbody>
        ${(isWhole ? sorted : sorted.slice(0, most)).map((row, at) => html`<${Row} key=${rowKey ? rowKey(row) : at} row=${row} columns=${columns} address=${link?.(row)} isCurrent=${current?.(row)} />`)}
      </tbody>
    </table>
  </div>
  ${!isWhole && rows.length > most && html`<div class="more"><button class="plain" onClick=${() => setWhole(true)}>Show all ${count(rows.length)} rows</button></div>`}`;
}

function Row({ row, columns, address, isCurrent }) {
  return html`<tr class=${address && "linked"} aria-current=${isCurrent ? "true" : undefined} onClick=${address && ((event) => follow(event, address))}>
    ${columns.map((each, place) => html`<td key=${each.key} class=${kind(each)}>
      ${place === 0 && address ? html`<a href=${address}>${content(each, row)}</a>` : content(each, row)}
    </td>`)}
  </tr>`;
}

const content = (column, row) => (column.cell ? column.cell(row) : row[column.key] ?? "–");
const kind = (column) => [column.num && "num", column.wide && "wide", column.wrap && "wrap", column.rest && "rest", !column.title && "acts"].filter(Boolean).join(" ") || undefined;

function sorting(order, column) {
  if (order.key !== column.key) return "none";
  return order.way > 0 ? "ascending" : "descending";
}

/** Nulls last in both directions would need the way; they count as least. */
function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return a < b ? -1 : 1;
}

/** The whole row is a link for the mouse; text can still be marked, and buttons pressed. */
function follow(event, address) {
  if (event.target.closest("a, button, input, label") || String(getSelection())) return;
  if (event.metaKey || event.ctrlKey) open(address);
  else location.hash = address;
}

const TONES = {
  delivered: "excellent", read: "excellent", undelivered: "poor", rejected: "poor", expired: "fair", deleted: "fair",
};
const BOUNCE = { hard: "poor", opt_out: "poor", soft: "fair", block: "fair", admin: "fair" };

/** The class that colours a status; its word alone says it all. */
export const toneOf = (status) => TONES[status] ?? "";

export const Status = ({ status }) => html`<span class=${`tag ${toneOf(status)}`}>${words(status)}</span>`;

export const Band = ({ band }) => (band ? html`<span class=${`tag ${band}`}>${words(band)}</span>` : null);

/** Why it failed, with the class of the cause. */
export function Cause({ cause, bounce }) {
  if (!cause || cause === "none") return html`<span class="muted">–</span>`;
  return html`<span>${words(cause)}${BOUNCE[bounce] && html` <span class=${`tag ${BOUNCE[bounce]}`}>${words(bounce)}</span>`}</span>`;
}

/** A phone number, which nobody sees before asking. `value`: the number, or nothing where none is kept. */
export function PhoneNumber({ value }) {
  const [wanted, setWanted] = useState(null); // the number itself: a row may get another one
  const shown = value === wanted;
  if (!has("pii")) return html`<span class="muted" title="Numbers need scope pii">hidden</span>`;
  if (!value) return html`<span class="muted">not kept</span>`;
  return html`<span class="number">${shown ? value : masked(value)} <button class="plain small" aria-label=${shown ? "Hide the number" : "Show the number"} onClick=${() => setWanted(shown ? null : value)}>${shown ? "Hide" : "Show"}</button></span>`;
}

const FRESH_MS = 300_000;
const listed = perSession(() => ({ at: 0, answer: null, asking: null }));

/** Every provider as the API tells this session, asked for now. */
export function providersNow() {
  const list = listed();
  const asking = api("/providers").finally(() => list.asking === asking && (list.asking = null));
  asking.then(() => Object.assign(list, { at: performance.now(), answer: asking }), () => null);
  return (list.asking = asking);
}

/** The same, asked for every five minutes at most while it answers. */
export function providers() {
  if (!has("read")) return Promise.resolve({ items: [] }); // a refusal would stand in the audit
  const { at, answer, asking } = listed();
  return answer && performance.now() - at < FRESH_MS ? answer : (asking ?? providersNow());
}

/** A provider by its title, in a cell: "thesmsworks" → "The SMS Works". */
export function ProviderTitle({ name }) {
  return html`<span class="cut" title=${name}>${useTitles()(name)}</span>`;
}

/** A function that names a provider: "thesmsworks" → "The SMS Works". */
export function useTitles() {
  const { data } = useLoad(providers, []);
  return (name) => data?.items.find((each) => each.name === name)?.title ?? name;
}

const catalogues = perSession(() => new Map());

/** The provider's rows of the catalogue, asked for once. */
function codesOf(provider) {
  const asked = catalogues();
  if (!asked.has(provider)) {
    const rows = all("/codes", { query: { provider } });
    asked.set(provider, rows);
    rows.catch(() => asked.delete(provider));
  }
  return asked.get(provider);
}

/** What the catalogue says of a code, or undefined. */
export const meaningOf = (rows, code) => rows?.find((each) => each.code === code);

/** The same in a component; nothing until they are there, or where they cannot be had. */
export function useCodes(provider) {
  const [known, setKnown] = useState({});
  useEffect(() => {
    let gone = false;
    if (provider) codesOf(provider).then((rows) => gone || setKnown({ provider, rows }), () => null);
    return () => (gone = true);
  }, [provider]);
  return known.provider === provider ? known.rows : undefined;
}

/** A provider's code with what it means beside it. */
export function Code({ provider, code }) {
  const meaning = meaningOf(useCodes(code && provider), code);
  if (!code) return html`<span class="muted">–</span>`;
  return html`<span class="cut" title=${[code, meaning?.words].filter(Boolean).join(": ")}><code>${code}</code>${meaning && html` <span class="muted">${meaning.words}</span>`}</span>`;
}

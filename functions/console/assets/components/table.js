// A table that scrolls inside its own box.
import { html, useState } from "../vendor.js";
import { count } from "../format.js";

/**
 * `columns`: `[{key, title, cell?: (row) => …, num?: true, sort?: (row) => value, wide?: true, wrap?: true, rest?: true}]`.
 * What has `sort` can be sorted by; without a title it holds buttons; `wide` and `wrap` are for text of several lines, `rest`
 * takes what the others leave. `most`: how many rows are shown until more is asked for. `link`: `(row) => address` of what a row is made of, or null, on its first cell and the row.
 */
export function Table({ caption, columns, rows, link, rowKey, current, dense, most = Infinity }) {
  const [order, setOrder] = useState({});
  const [all, setAll] = useState(false);
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
        ${(all ? sorted : sorted.slice(0, most)).map((row, at) => html`<${Row} key=${rowKey ? rowKey(row) : at} row=${row} columns=${columns} address=${link?.(row)} isCurrent=${current?.(row)} />`)}
      </tbody>
    </table>
  </div>
  ${!all && rows.length > most && html`<div class="more"><button class="plain" onClick=${() => setAll(true)}>Show all ${count(rows.length)} rows</button></div>`}`;
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

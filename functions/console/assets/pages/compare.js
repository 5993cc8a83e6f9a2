// Provider against provider where both send.
import { html, useState } from "../vendor.js";
import { api } from "../api.js";
import { Chart } from "../components/charts.js";
import { AsOf, Choice, Field, ProviderSelect, RangePicker, periodIn, rangeOf } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { Band, useTitles } from "../components/table.js";
import { FEW, NO_PLACE, count, country, duration, many, network, percent } from "../format.js";
import { Empty, Loaded, useLoad } from "../load.js";
import { href, route, setQuery } from "../router.js";

const SHOWN = 40;
const BANDS = { excellent: "over 95 %", good: "90 to 95 %", fair: "80 to 90 %", poor: "under 80 %" };

export default function Compare() {
  const { query } = route.value;
  const { from, to } = rangeOf(query, "30d");
  const by = query.by === "network" ? "country,network" : "country";
  const asked = { from, to, by, provider: query.provider, country: query.country };
  const found = useLoad((signal) => api("/stats/compare", { query: asked, signal }), Object.values(asked));
  const title = useTitles();
  return html`<${Heading} title="Compare" says="Providers side by side in the same country and network. No verdict on fewer than 100 final messages."><${RangePicker} fallback="30d" /><//>
    <div class="row">
      <${Choice} label="What makes a place" value=${query.by === "network" ? "network" : "country"} options=${[["country", "By country"], ["network", "By network"]]}
        onChange=${(value) => setQuery({ by: value === "country" ? "" : value })} />
      <${Field} label="Provider"><${ProviderSelect} any="All" value=${query.provider ?? ""} onChange=${(value) => setQuery({ provider: value })} /><//>
      <${Field} label="Country"><input size="6" placeholder="All" pattern="[A-Za-z]{2}" title="Two letters, like DE" maxlength="2" value=${query.country ?? ""}
        onChange=${(event) => event.target.validity.valid && setQuery({ country: event.target.value.toUpperCase() })} /><//>
    </div>
    <${Panel}><${Loaded} of=${found} empty=${({ rows }) => !rows.length && html`<${Empty} title="No messages to compare">Take a longer period or fewer filters. <a href=${href("compare")}>Clear all filters</a><//>`}>
      ${({ rows, as_of }) => html`<${Heat} rows=${rows} by=${by} title=${title} period=${{ range: "30d", ...defined(periodIn(query)) }} /><${AsOf} at=${as_of} />`}<//><//>`;
}

const defined = (given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value));

const placeOf = (row) => [row.country ? country(row.country) : "Unknown country", "network" in row && (row.network ? network(row.network) : "unknown network")].filter(Boolean).join(", ");

function Heat({ rows, by, title, period }) {
  const [all, setAll] = useState(false);
  const places = [...Map.groupBy(rows, placeOf)];
  const weight = new Map();
  for (const each of rows) weight.set(each.provider, (weight.get(each.provider) ?? 0) + each.n);
  const providers = [...weight.keys()].sort((a, b) => weight.get(b) - weight.get(a));
  const link = (row) => href("messages", { ...period, provider: row.provider, country: row.country ?? NO_PLACE, network: "network" in row ? (row.network ?? NO_PLACE) : undefined });
  const columns = [
    { key: "place", title: "Place", sort: placeOf, cell: placeOf },
    { key: "provider", title: "Provider", sort: (row) => title(row.provider), cell: (row) => title(row.provider) },
    { key: "n", title: "Messages", num: true, sort: (row) => row.n, cell: (row) => count(row.n) },
    { key: "rate", title: "Delivered", num: true, sort: (row) => row.delivery_rate, cell: (row) => percent(row.delivery_rate) },
    { key: "range", title: "95 % interval", num: true, cell: (row) => (row.final ? `${percent(row.low, 0)} to ${percent(row.high, 0)}` : "–") },
    { key: "p50", title: "Half within", num: true, sort: (row) => row.p50_s, cell: (row) => duration(row.p50_s) },
    { key: "p95", title: "95 % within", num: true, sort: (row) => row.p95_s, cell: (row) => duration(row.p95_s) },
    { key: "says", title: "Beside the best there", cell: verdict },
  ];
  const shown = all ? places : places.slice(0, SHOWN);
  return html`<${Chart} title=${by === "country" ? "Delivery rate by country and provider" : "Delivery rate by network and provider"} columns=${columns} rows=${rows} link=${link}>
    <div class="scroll heat" tabindex="0" role="region" aria-label="Delivery rates"><table>
      <thead><tr><th scope="col">Place</th>${providers.map((each) => html`<th scope="col" key=${each}>${title(each)}</th>`)}</tr></thead>
      <tbody>${shown.map(([place, there]) => html`<tr key=${place}><th scope="row">${place}</th>
        ${providers.map((each) => html`<td key=${each}><${Cell} row=${there.find((row) => row.provider === each)} link=${link} /></td>`)}</tr>`)}</tbody>
    </table></div>
    <div class="row small">${Object.entries(BANDS).map(([band, says]) => html`<span><${Band} band=${band} /> ${says}</span>`)}
      <span class="muted">★ best of its place. Small figure: messages. No colour: fewer than ${FEW} final messages.</span></div>
    ${places.length > shown.length && html`<div class="more"><button class="plain" onClick=${() => setAll(true)}>Show all ${count(places.length)} places</button></div>`}<//>`;
}

function Cell({ row, link }) {
  if (!row) return html`<span class="none muted">–<span class="unseen"> sends nothing there</span></span>`;
  const few = row.final < FEW;
  const says = `${many(row.final, "final message")}, 95 % interval ${percent(row.low, 0)} to ${percent(row.high, 0)}`;
  return html`<a class=${`cell ${few ? "" : row.band}`} href=${link(row)} title=${says}>
    <span>${row.best === row.provider && !few && html`<span role="img" aria-label="Best:">★</span>`}</span><span>${row.final ? percent(row.delivery_rate, few ? 0 : 1) : "–"}</span> <span class="small muted">${count(row.n)}</span></a>`;
}

function verdict(row) {
  if (row.final < FEW) return "too few to say";
  if (!row.best) return "sends alone there";
  if (row.best === row.provider) return "the best";
  return row.significant ? "worse, beyond chance" : "may be chance";
}

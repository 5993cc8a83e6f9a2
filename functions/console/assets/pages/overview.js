// How delivery stands, what is wrong, and where to look.
import { html, useMemo } from "../vendor.js";
import { api } from "../api.js";
import { Bars, Chart, Sparkline, TimeSeries } from "../components/charts.js";
import { AsOf, RangePicker, periodIn, rangeOf } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { Band, Table, useTitles } from "../components/table.js";
import { FAILED, FEW, atLeast, clock, count, country, date, day, duration, network, percent, short, time, words } from "../format.js";
import { Empty, Loaded, useLoad } from "../load.js";
import { href, route } from "../router.js";

/** So many causes have a bar, and so many providers a row, until more is asked for. */
const [TOP, MANY] = [8, 10];
/** Up to so many hours are drawn by the hour. */
const HOURLY = 72;
/** In less no message is old enough to be called unfinished: then those of the week are counted. */
const DAY = 25;

export default function Overview() {
  const { query } = route.value;
  const { from, to, hours } = rangeOf(query);
  const period = periodIn(query);
  const by = hours <= HOURLY ? "hour" : "day";
  const ask = (more) => (signal) => api("/stats", { query: { from, to, ...more }, signal });
  const total = useLoad(ask({}), [from, to]);
  const series = useLoad(ask({ by }), [from, to]);
  const causes = useLoad(ask({ by: "cause", status: String(FAILED) }), [from, to]);
  const providers = useLoad(ask({ by: "provider" }), [from, to]);
  const unfinished = useLoad((signal) => api("/stats/unfinished", { query: hours > DAY ? { from, to } : {}, signal }), [from, to]);
  const title = useTitles();
  const isEmpty = total.data?.rows.length === 0;
  return html`<${Heading} title="Overview"><${RangePicker} /><//>
    <${Loaded} of=${total} empty=${({ rows }) => !rows.length && html`<${Panel}><${NoMessages} /><//>`}>
      ${({ rows: [all], as_of }) => html`<div class="figures">
        <${Figure} title="Delivered" value=${percent(all.delivery_rate)} tag=${all.final >= FEW && html`<${Band} band=${all.band} />`} says=${all.final >= FEW ? all.advice : `No verdict on fewer than ${FEW} final messages`}>
          <${Trend} rows=${series.data?.rows} by=${by} /><//>
        <${Figure} title="Messages" value=${short(all.n)} link=${href("messages", period)} says=${`${count(all.final)} with a final report (${percent(all.report_ratio)})`} />
        <${Figure} title="Time to delivery" value=${duration(all.p50_s)} says=${`Median; 95 % within ${duration(all.p95_s)}`} />
        <${Figure} title="Unfinished" value=${unfinished.data ? count(sum(unfinished.data.rows)) : unfinished.error ? "unknown" : "…"} says=${hours > DAY ? "No final report after 24 hours" : "No final report after 24 hours, in the last 7 days"} />
      </div>
      <${AsOf} at=${as_of} />`}
    <//>
    <div class="grid">
      <${Panel} title="Delivery problems"><${Findings} title=${title} /><//>
      <${Panel} title="Alarms"><${Alarms} title=${title} /><//>
    </div>
    ${!isEmpty && html`<${Panel}><${Loaded} of=${series} title=${`Rate and volume by ${by}`}>
      ${({ rows }) => html`<${Volume} rows=${rows} by=${by} from=${from} to=${to} />`}<//><//>
    <div class="grid">
      <${Panel}><${Loaded} of=${causes} title="Why messages fail" empty=${({ rows }) => !rows.length && html`<${Empty} title="Nothing failed">No message of this period has failed.<//>`}>
        ${({ rows }) => html`<${Causes} rows=${rows} period=${period} />`}<//><//>
      <${Panel} title="Providers"><${Loaded} of=${providers}>
        ${({ rows }) => html`<${Providers} rows=${rows} period=${period} title=${title} unfinished=${unfinished.data?.rows} />`}<//><//>
    </div>`}`;
}

const sum = (rows) => rows.reduce((n, each) => n + each.n, 0);

function NoMessages() {
  return html`<${Empty} title="No messages in this period">
    Take a longer period, or <a href=${href("providers")}>register a provider's webhook and send a test report</a>.<//>`;
}

function Figure({ title, value, tag, says, link, children }) {
  return html`<div class="figure">
    <h2 class="label muted">${title}</h2>
    <div class="row"><span class="value">${link ? html`<a href=${link}>${value}</a>` : value}</span>${tag}</div>
    ${says && html`<p class="small muted">${says}</p>`}
    ${children}
  </div>`;
}

function Trend({ rows, by }) {
  if (!rows) return null;
  return html`<${Sparkline} values=${rows.map((each) => each.delivery_rate)} /><span class="unseen">Its course by ${by} is in the chart below.</span>`;
}

function Findings({ title }) {
  const found = useLoad((signal) => api("/stats/findings", { signal }), []);
  return html`<${Loaded} of=${found} empty=${({ rows }) => !rows.length && html`<${Empty} title="None">
      In the last 24 hours no provider, country or network with 100 final messages delivered clearly less than in its month.<//>`}>
    ${({ rows }) => html`<ul class="list">${rows.map((each) => html`<li class=${`finding ${each.rate < 0.8 ? "poor" : "fair"}`}>
      ${tell(each, title)} <a href=${messagesOf(each)}>Its messages</a></li>`)}</ul>`}
  <//>`;
}

function Alarms({ title }) {
  const status = useLoad((signal) => api("/status", { signal }), []);
  return html`<${Loaded} of=${status}>${({ alarms, quarantine, held }) => {
    const loud = alarms.filter((each) => each.state === "alarm");
    const unknown = alarms.filter((each) => each.state === "unknown").length;
    const nothing = !loud.length && !quarantine.waiting && !held.length;
    return html`${nothing && html`<${Empty} title="Quiet">${says(alarms.length, unknown)}<//>`}
      <ul class="list">
        ${loud.map((each) => html`<li class="finding poor"><strong>${each.name}</strong>, since ${time(each.since)}. ${each.says}</li>`)}
        ${quarantine.waiting > 0 && html`<li class="finding fair">${atLeast(quarantine.waiting, quarantine.more, "request")} could not be read. <a href=${href("quarantine")}>Look at them</a></li>`}
        ${held.map((each) => html`<li class="finding fair">Held of ${title(each.provider)}: ${atLeast(each.n, each.more, "number")}, because too many were dead at once. <a href=${href("suppressions", { part: "held", provider: each.provider })}>Decide</a></li>`)}
      </ul>
      ${!nothing && unknown > 0 && html`<p class="muted small">${says(alarms.length, unknown)}</p>`}`;
  }}<//>`;
}

function says(all, unknown) {
  if (!all) return "This stack has no alarms.";
  return unknown ? `The state of ${count(unknown)} of ${count(all)} alarms is not known.` : `All ${count(all)} alarms are.`;
}

function Volume({ rows, by, from, to }) {
  const at = (row) => row[by];
  const drawn = useMemo(() => ({
    times: rows.map(at),
    lines: [
      { label: "Delivered of final", values: rows.map((each) => each.delivery_rate), tone: "excellent", format: percent, axis: (tick) => percent(tick, 0), scale: "rate", range: (_, low) => [Math.max(0, Math.floor(low * 20) / 20 - 0.05), 1] },
      { label: "Messages", values: rows.map((each) => each.n), tone: "accent", format: count, axis: short, scale: "n", fill: true, range: (_, __, high) => [0, high * 1.15 || 1] },
    ],
  }), [rows, by]);
  const columns = [
    { key: by, title: by === "hour" ? "Hour (UTC)" : "Day (UTC)", cell: (row) => (by === "hour" ? time(at(row)) : day(at(row))) },
    { key: "n", title: "Messages", num: true, cell: (row) => count(row.n) },
    { key: "final", title: "Final", num: true, cell: (row) => count(row.final) },
    { key: "rate", title: "Delivered", num: true, cell: (row) => percent(row.delivery_rate) },
    { key: "p95", title: "95 % within", num: true, cell: (row) => duration(row.p95_s) },
  ];
  const link = (row) => {
    const [begin, length] = [+new Date(at(row)), by === "hour" ? 3_600_000 : 86_400_000];
    const [first, last] = [Math.max(begin, new Date(from)), Math.min(begin + length, to ? new Date(to) : Infinity)]; // the period can cut off a part
    return href("messages", { from: new Date(first).toISOString(), to: new Date(last).toISOString() });
  };
  return html`<${Chart} title=${`Rate and volume by ${by}`} columns=${columns} rows=${rows} link=${link}>
    <${TimeSeries} label=${`Delivery rate and number of messages by ${by}; the table has the figures.`} hourly=${by === "hour"} ...${drawn} /><//>`;
}

function Causes({ rows, period }) {
  const all = sum(rows);
  const link = (row) => href("messages", { ...period, cause: row.cause, status: String(FAILED) });
  const columns = [
    { key: "cause", title: "Cause", cell: (row) => words(row.cause) },
    { key: "n", title: "Messages", num: true, cell: (row) => count(row.n) },
    { key: "share", title: "Of all failed", num: true, cell: (row) => percent(row.n / all) },
  ];
  return html`<${Chart} title="Why messages fail" columns=${columns} rows=${rows} link=${link}>
    <p class="muted small">Messages, and their share of all that failed</p>
    <${Bars} rows=${rows.slice(0, TOP).map((each) => ({ label: words(each.cause), n: each.n, says: `${count(each.n)} · ${percent(each.n / all)}`, href: link(each) }))} />
    ${rows.length > TOP && html`<p class="muted small">${rows.length - TOP} more in the table.</p>`}<//>`;
}

function Providers({ rows, period, title, unfinished }) {
  const open = (row) => unfinished && (unfinished.find((each) => each.provider === row.provider)?.n ?? 0);
  const columns = [
    { key: "provider", title: "Provider", sort: (row) => title(row.provider), cell: (row) => title(row.provider) },
    { key: "n", title: "Messages", num: true, sort: (row) => row.n, cell: (row) => count(row.n) },
    { key: "rate", title: "Delivered", num: true, sort: (row) => row.delivery_rate, cell: (row) => html`${percent(row.delivery_rate)} ${row.final < FEW ? html`<span class="tag">Too few</span>` : html`<${Band} band=${row.band} />`}` },
    { key: "p95", title: "95 % within", num: true, sort: (row) => row.p95_s, cell: (row) => duration(row.p95_s) },
    { key: "open", title: "Unfinished", num: true, sort: open, cell: (row) => count(open(row)) },
  ];
  return html`<${Table} caption="Providers" columns=${columns} rows=${rows} most=${MANY} rowKey=${(row) => row.provider} link=${(row) => href("messages", { ...period, provider: row.provider })} />`;
}

/** "71 % (67 to 75 %, 293 of 412)". */
const rateOf = ({ rate, low, high, delivered, final }) =>
  `${percent(rate, 0)} (${(100 * low).toFixed(0)} to ${percent(high, 0)}, ${count(delivered)} of ${count(final)})`;

function placeOf({ country: code, network: digits }) {
  const name = digits && network(digits);
  if (name) return `${name === digits ? `network ${digits}` : name} in ${country(code)}`;
  return code ? country(code) : "all its countries";
}

const sinceOf = (since, now) => `${day(since) === day(now) ? "" : `${date(since)}, `}${clock(since)} UTC`;

/** A delivery problem in words: a row of `GET /stats/findings` as a sentence or two. `title` names a provider. */
export function tell(finding, title, now = Date.now()) {
  const { provider, since, rate, before, better } = finding;
  const points = Math.round(100 * (before.rate - rate));
  const fell = `${title(provider)} delivers ${rateOf(finding)} to ${placeOf(finding)} since ${sinceOf(since, now)}, ${points} points below its month (${percent(before.rate, 0)}).`;
  return better ? `${fell} ${title(better.provider)} delivers ${rateOf(better)} there.` : fell;
}

/** The messages that it is made of. */
const messagesOf = ({ provider, country: code, network: digits, since }) =>
  href("messages", { provider, country: code, network: digits, from: since });

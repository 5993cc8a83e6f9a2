// Files of messages, numbers and the list; and whom another policy would suppress.
import { html, useState } from "../vendor.js";
import { api, has } from "../api.js";
import { Choice, Field, RangePicker, rangeOf } from "../components/field.js";
import { Heading, Panel } from "../components/frame.js";
import { JobProgress, isRunning } from "../components/job.js";
import { Table, useTitles } from "../components/table.js";
import { FILTERS, ago, count, time, words } from "../format.js";
import { Empty, Failed, Loaded, toast, useAct, useLoad, usePoll } from "../load.js";
import { href, route, setQuery } from "../router.js";

const KINDS = {
  messages: ["Messages", "One row for each message, by the time of its first report.", "read"],
  numbers_to_clean: ["Numbers to clean", "Every number with a hard bounce or an opt-out, with cause, advice, and how it stands on the list today.", "pii"],
  suppressions: ["Suppression list", "Everybody on the list, by keyed hash. An import reads it again.", "pii"],
  backtest: ["Backtest", "Whom another policy would have suppressed, and what differs from today's.", "read"],
};
const POLL_MS = 2000;
const SPOKEN = new Set(["status", "cause", "bounce"]);

/** The values of a filter as they are read: names of providers and our own words; what is the provider's stays. */
const spoken = (title, name, values) => values.map((each) => (name === "provider" ? title(each) : SPOKEN.has(name) ? words(each) : each)).join(" or ");

export default function Exports() {
  const jobs = useLoad((signal) => api("/exports", { signal }), []);
  const { query } = route.value;
  usePoll(jobs.reload, POLL_MS, jobs.data?.items.some(isRunning) ?? false);
  const allowed = Object.entries(KINDS).filter(([, [, , scope]]) => has(scope));
  const kind = allowed.some(([key]) => key === query.kind) ? query.kind : allowed[0][0];
  return html`<${Heading} title="Exports and backtests" says="Files are made in the background and kept for 7 days. You may leave this page." />
    <${Panel} title="New file">
      <div><${Choice} label="What" value=${kind} options=${allowed.map(([key, [title]]) => [key, title])} onChange=${(value) => setQuery({ kind: value })} /></div>
      <p class="muted">${KINDS[kind][1]}</p>
      ${kind !== "suppressions" && html`<${RangePicker} fallback="30d" />`}
      <${Ask} key=${kind} kind=${kind} onAsked=${jobs.reload} />
    <//>
    <${Panel} title="Files of the last 7 days">
      <${Loaded} of=${jobs} empty=${({ items }) => !items.length && html`<${Empty} title="No file yet">Ask for one above. It shows here how far it is.<//>`}>
        ${({ items }) => html`<${Jobs} items=${items} open=${query.job} />`}<//>
    <//>`;
}

function Ask({ kind, onAsked }) {
  const { query } = route.value;
  const [format, setFormat] = useState("csv");
  const [numbers, setNumbers] = useState(false);
  const [policy, setPolicy] = useState("provider");
  const [strikes, setStrikes] = useState(3);
  const title = useTitles();
  const { from, to } = rangeOf(query, "30d");
  const filters = kind === "suppressions" ? {} : Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, query[name].split(",")]));
  const [ask, asking, error] = useAct(async () => {
    const key = crypto.randomUUID();
    const job = kind === "backtest"
      ? await api("/backtests", { method: "POST", key, body: { policy, strike_limit: Number(strikes), from, to } })
      : await api("/exports", { method: "POST", key, body: { kind, format, numbers: kind === "messages" ? numbers : undefined, filters: kind === "suppressions" ? undefined : { from, to, ...filters } } });
    toast("It is being made.");
    setQuery({ job: job.id });
    onAsked();
  });
  return html`<form class="stack" onSubmit=${(event) => { event.preventDefault(); ask(); }}>
    ${kind !== "backtest" && Object.keys(filters).length > 0 && html`<p>Only ${Object.entries(filters).map(([name, values]) => `${name} ${spoken(title, name, values)}`).join(", ")}. <button type="button" class="plain" onClick=${() => setQuery(Object.fromEntries(FILTERS.map((name) => [name, ""])))}>All instead</button></p>`}
    <div class="row">
      ${kind === "backtest"
        ? html`<${Field} label="Policy"><select value=${policy} onChange=${(event) => setPolicy(event.target.value)}>
              <option value="provider">Provider: also what it calls permanent</option><option value="cause">Cause: only what the cause says</option></select><//>
            <${Field} label="Strikes before a number in doubt counts"><input type="number" min="1" max="10" required value=${strikes} onInput=${(event) => setStrikes(event.target.value)} /><//>`
        : html`<${Field} label="Format"><select value=${format} onChange=${(event) => setFormat(event.target.value)}><option value="csv">CSV</option><option value="parquet">Parquet</option></select><//>`}
      ${kind === "messages" && has("pii") && html`<label class="check"><input type="checkbox" checked=${numbers} onChange=${(event) => setNumbers(event.target.checked)} />With phone numbers</label>`}
      <button class="primary" disabled=${asking}>${asking ? "Asking …" : kind === "backtest" ? "Try it" : "Make the file"}</button>
    </div>
    ${error && html`<${Failed} error=${error} />`}
  </form>`;
}

function Jobs({ items, open }) {
  const columns = [
    { key: "kind", title: "What", cell: (job) => KINDS[job.kind]?.[0] ?? words(job.kind) },
    { key: "state", title: "State", cell: (job) => html`<${JobProgress} job=${job} />` },
    { key: "period", title: "Period (UTC)", cell: (job) => (job.kind === "suppressions" ? "–" : `${time(job.from, { zone: false })} to ${time(job.to, { zone: false })}`) },
    { key: "format", title: "Format", cell: (job) => job.format.toUpperCase() },
    { key: "by", title: "Asked by", cell: (job) => job.asked_by },
    { key: "created", title: "Asked", cell: (job) => html`<span title=${time(job.created_at)}>${ago(job.created_at)}</span>` },
  ];
  const { query } = route.value;
  const chosen = items.find((each) => each.id === open);
  return html`<${Table} caption="Files" columns=${columns} rows=${items} rowKey=${(job) => job.id} link=${(job) => href("exports", { ...query, job: job.id })} current=${(job) => job.id === open} />
    ${chosen && html`<${Job} key=${chosen.id} job=${chosen} />`}`;
}

function Job({ job }) {
  const title = useTitles();
  const mayLoad = !job.needs_pii || has("pii");
  const full = useLoad((signal) => (mayLoad ? api(`/exports/${job.id}`, { signal }) : Promise.resolve(job)), [job.id, job.state]);
  return html`<section class="stack" aria-label="The chosen file">
    <h3>${KINDS[job.kind]?.[0] ?? words(job.kind)}, asked ${ago(job.created_at)}</h3>
    <div><${JobProgress} job=${job} /></div>
    <${Loaded} of=${full}>${(found) => html`
      ${Object.keys(found.filters).length > 0 && html`<p class="muted">${Object.entries(found.filters).map(([name, values]) => `${words(name)}: ${spoken(title, name, values)}`).join(" · ")}</p>`}
      ${found.as_of && html`<p class="muted small">Everything stored until ${time(found.as_of, { seconds: true })} is in it.</p>`}
      ${found.result && html`<${Result} job=${found} />`}
      ${!mayLoad && html`<p class="muted">Its files name people: to fetch them your token needs scope <code>pii</code>.</p>`}
      ${found.links.length > 0 && html`<div class="row">${found.links.map((link, at) => html`<a class="button" href=${link} download>${found.links.length > 1 ? `Part ${at + 1}` : "Download"}</a>`)}
        <button class="plain small" onClick=${full.reload}>Fresh links</button></div>
        <p class="muted small">A link works for 15 minutes, and for everybody who has it.</p>`}`}<//>
  </section>`;
}

const RESULTS = {
  tried: "Suppressed under the tried rules", today: "Suppressed under today's rules", added: "Only under the tried rules", removed: "Only under today's rules",
  failed_messages: "Failed messages looked at", not_kept: "Of them not kept any more",
};

function Result({ job }) {
  const sum = (value) => (typeof value === "number" ? value : Object.values(value ?? {}).reduce((all, each) => all + each, 0));
  const detail = (value) => (typeof value === "number" ? "" : Object.entries(value ?? {}).map(([cause, n]) => `${words(cause)} ${count(n)}`).join(", "));
  const rows = Object.keys(RESULTS).filter((name) => name in job.result).map((name) => ({ name, value: job.result[name] }));
  const columns = [
    { key: "name", title: `Policy “${job.policy}”, ${job.strike_limit} strikes`, cell: (row) => RESULTS[row.name] },
    { key: "n", title: "Recipients", num: true, cell: (row) => count(sum(row.value)) },
    { key: "causes", title: "By cause", wide: true, cell: (row) => detail(row.value) },
  ];
  return html`<${Table} caption="What the backtest found" columns=${columns} rows=${rows} />`;
}

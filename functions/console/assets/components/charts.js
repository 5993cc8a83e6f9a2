// Charts. Each of them can be read as a table, which leads on to what a figure is made of.
import { html, useEffect, useRef, useState } from "../vendor.js";
import { theme } from "./frame.js";
import { Table } from "./table.js";
import { clock, date, day, time } from "../format.js";

/** Rows of a table that are shown at once. */
const MOST = 100;

/** A chart and its table: `columns`, `rows`, `link` are those of `Table`; the chart stands inside. */
export function Chart({ title, columns, rows, link, children }) {
  const [asTable, setAsTable] = useState(false);
  return html`<figure class="chart">
    <figcaption><h2>${title}</h2><button class="plain small" aria-pressed=${String(asTable)} onClick=${() => setAsTable(!asTable)}>${asTable ? "Show as chart" : "Show as table"}</button></figcaption>
    ${asTable ? html`<${Table} caption=${title} columns=${columns} rows=${rows} link=${link} dense most=${MOST} />` : children}
  </figure>`;
}

/** Lying bars, in the order given: `rows` is `[{label, n, says, href}]`, of which `says` stands beside the bar. */
export function Bars({ rows }) {
  const most = Math.max(...rows.map((each) => each.n), 1);
  return html`<ul class="bars">
    ${rows.map((each) => html`<li key=${each.label}>
      <a href=${each.href}>${each.label}</a>
      <span class="num">${each.says}</span>
      <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rail" width="100" height="6" /><rect class="fill" width=${(100 * each.n) / most} height="6" />
      </svg>
    </li>`)}
  </ul>`;
}

/** A small line without axes, as high as its values differ; the text beside it says what it shows. */
export function Sparkline({ values }) {
  const known = values.filter((each) => each !== null);
  if (known.length < 2) return null;
  const bottom = Math.min(...known);
  const span = Math.max(...known) - bottom || 1;
  const points = values
    .map((value, at) => (value === null ? null : `${((at * 120) / (values.length - 1)).toFixed(1)},${(26 - ((value - bottom) / span) * 24).toFixed(1)}`))
    .filter(Boolean);
  return html`<svg class="spark" width="120" height="28" viewBox="0 0 120 28" aria-hidden="true"><polyline points=${points.join(" ")} /></svg>`;
}

/**
 * Lines over time, drawn by uPlot, which is loaded when the first of them is shown.
 * `times`: ISO; `lines`: `[{label, values, tone, scale, range, format, axis, fill}]`: `tone` is a custom property, `range` is uPlot's,
 * of the scale; `format` is for a value and `axis` for a tick.
 */
export function TimeSeries({ label, times, lines, hourly }) {
  const box = useRef();
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    const place = box.current;
    let plot;
    let gone = false;
    const draw = async () => {
      const { default: UPlot } = await import("../vendor-uplot.js");
      if (gone) return;
      plot?.destroy();
      plot = new UPlot(options(place, { lines, hourly }), [times.map((each) => new Date(each) / 1000), ...lines.map((each) => each.values)], place);
    };
    draw().catch((error) => {
      console.error(error);
      setMissing(true);
    });
    const watch = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT }));
    watch.observe(place);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      gone = true;
      watch.disconnect();
      dark.removeEventListener("change", draw);
      plot?.destroy();
    };
  }, [times, lines, hourly, theme.value]);
  return html`<div class="series" role="img" aria-label=${label} ref=${box}></div>
    ${isMissing && html`<p class="muted">The chart could not be loaded. Its table has the figures.</p>`}`;
}

const HEIGHT = 230;
const HOURS = [1, 3, 6, 12, 24].map((n) => n * 3600);
const DAYS = [1, 2, 7, 14, 28, 56, 112].map((n) => n * 86_400);

/** A date whose local parts are those of UTC: uPlot knows local ones only. */
function inUtc(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(+at + at.getTimezoneOffset() * 60_000);
}

function options(box, { lines, hourly }) {
  const probe = document.createElement("i");
  box.append(probe);
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const named = (label, size) => ({ label, labelSize: 18, labelGap: 0, labelFont: axis.font, size });
  const made = {
    width: box.clientWidth,
    height: HEIGHT,
    tzDate: inUtc,
    cursor: { points: { size: 6 } },
    scales: Object.fromEntries(lines.map((each) => [each.scale, { range: each.range }])),
    series: [
      { label: "Time", value: (_, at) => (at === null ? "– (point at the lines for figures)" : hourly ? time(at * 1000) : day(at * 1000)) },
      ...lines.map((each) => ({
        label: each.label, scale: each.scale, stroke: colour(each.tone), width: 1.5,
        fill: each.fill && `color-mix(in srgb, ${colour(each.tone)} 14%, transparent)`,
        points: { show: lines[0].values.length < 3 }, value: (_, value) => (value === null ? "" : each.format(value)),
      })),
    ],
    axes: [
      { ...axis, ...named(hourly ? "Hour (UTC)" : "Day (UTC)", 26), incrs: hourly ? HOURS : DAYS, space: 64, values: (_, ticks) => ticks.map((at) => (hourly && at % 86_400 ? clock(at * 1000) : date(at * 1000))) },
      ...lines.map((each, at) => ({
        ...axis, ...named(each.label, 46), scale: each.scale, side: at ? 1 : 3, stroke: colour(each.tone), grid: at ? { show: false } : axis.grid,
        values: (_, ticks) => ticks.map((tick) => each.axis(tick)),
      })),
    ],
  };
  probe.remove();
  return made;
}

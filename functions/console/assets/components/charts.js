// Charts. Each of them can be read as a table, which leads on to what a figure is made of.
import { html, useEffect, useRef, useState } from "../vendor.js";
import { theme } from "./frame.js";
import { Table } from "./table.js";
import { clock, count, date, day, time } from "../format.js";

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

/** Lying bars, longest first as given: `rows` is `[{label, n, says?, tone?, href?}]`. */
export function Bars({ rows }) {
  const most = Math.max(...rows.map((each) => each.n), 1);
  return html`<ul class="bars">
    ${rows.map((each) => html`<li key=${each.label}>
      ${each.href ? html`<a href=${each.href}>${each.label}</a>` : html`<span>${each.label}</span>`}
      <span class="num">${each.says ?? count(each.n)}</span>
      <svg class=${`bar ${each.tone ?? ""}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rail" width="100" height="6" /><rect class="fill" width=${(100 * each.n) / most} height="6" />
      </svg>
    </li>`)}
  </ul>`;
}

/** A small line without axes; the text beside it says what it shows. */
export function Sparkline({ values, low, high, width = 120, height = 28 }) {
  const known = values.filter((each) => each !== null);
  if (known.length < 2) return null;
  const bottom = low ?? Math.min(...known);
  const span = (high ?? Math.max(...known)) - bottom || 1;
  const points = values
    .map((value, at) => (value === null ? null : `${((at * width) / (values.length - 1)).toFixed(1)},${(height - 2 - ((value - bottom) / span) * (height - 4)).toFixed(1)}`))
    .filter(Boolean);
  return html`<svg class="spark" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} aria-hidden="true"><polyline points=${points.join(" ")} /></svg>`;
}

/**
 * Lines over time, drawn by uPlot, which is loaded when the first of them is shown.
 * `times`: ISO; `lines`: `[{label, values, tone, format, scale}]`, tone is a custom property.
 */
export function TimeSeries({ label, times, lines, hourly, height = 230 }) {
  const box = useRef();
  useEffect(() => {
    const place = box.current;
    let plot;
    let gone = false;
    const draw = async () => {
      const { default: UPlot } = await import("../vendor-uplot.js");
      if (gone) return;
      plot?.destroy();
      plot = new UPlot(options(place, { lines, hourly, height }), [times.map((each) => new Date(each) / 1000), ...lines.map((each) => each.values)], place);
    };
    draw();
    const watch = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height }));
    watch.observe(place);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      gone = true;
      watch.disconnect();
      dark.removeEventListener("change", draw);
      plot?.destroy();
    };
  }, [times, lines, hourly, height, theme.value]);
  return html`<div class="series" role="img" aria-label=${label} ref=${box}></div>`;
}

const HOURS = [1, 3, 6, 12, 24].map((n) => n * 3600);
const DAYS = [1, 2, 7, 14, 28, 56, 112].map((n) => n * 86_400);

/** A date whose local parts are those of UTC: uPlot knows local ones only. */
function inUtc(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(+at + at.getTimezoneOffset() * 60_000);
}

function options(box, { lines, hourly, height }) {
  const probe = document.createElement("i");
  box.append(probe);
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const scales = [...new Set(lines.map((each) => each.scale ?? "y"))];
  const named = (label, size) => ({ label, labelSize: 18, labelGap: 0, labelFont: axis.font, size });
  const made = {
    width: box.clientWidth,
    height,
    tzDate: inUtc,
    cursor: { points: { size: 6 } },
    scales: Object.fromEntries(lines.map((each) => [each.scale ?? "y", { range: each.range }])),
    series: [
      { label: "Time", value: (_, at) => (at === null ? "– (point at the lines for figures)" : hourly ? time(at * 1000) : day(at * 1000)) },
      ...lines.map((each) => ({
        label: each.label, scale: each.scale ?? "y", stroke: colour(each.tone), width: 1.5,
        fill: each.fill && `color-mix(in srgb, ${colour(each.tone)} 14%, transparent)`,
        points: { show: lines[0].values.length < 3 }, value: (_, value) => (value === null ? "" : each.format(value)),
      })),
    ],
    axes: [
      { ...axis, ...named(hourly ? "Hour (UTC)" : "Day (UTC)", 26), incrs: hourly ? HOURS : DAYS, space: 64, values: (_, ticks) => ticks.map((at) => (hourly && at % 86_400 ? clock(at * 1000) : date(at * 1000))) },
      ...scales.map((scale, at) => {
        const first = lines.find((each) => (each.scale ?? "y") === scale);
        return {
          ...axis, ...named(first.label, 46), scale, side: at ? 1 : 3, stroke: colour(first.tone), grid: at ? { show: false } : axis.grid,
          values: (_, ticks) => ticks.map(first.axis ?? count),
        };
      }),
    ],
  };
  probe.remove();
  return made;
}

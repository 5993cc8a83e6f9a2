// Work that takes many calls. It goes on when another page is looked at, and is found again there.
import { html, signal, useEffect } from "./vendor.js";
import { session } from "./api.js";
import { count, many } from "./format.js";
import { Failed } from "./load.js";

const works = new Map();

const of = (name) => {
  if (!works.has(name)) works.set(name, signal(null));
  return works.get(name);
};

/**
 * `{title, done, total, notes, state: "running" | "stopped" | "done" | "failed", error}`, or null. Whoever signs in
 * next in this tab sees none of it.
 */
export function workOf(name) {
  const work = of(name).value;
  return work && work.by === session.value?.name ? work : null;
}
export const isWorking = (name) => workOf(name)?.state === "running";
const clearWork = (name) => (of(name).value = null);

/**
 * Starts it, unless it runs. `run` gets `step({done, total, …})`, which says how far it is and answers false
 * once it shall stop.
 */
export async function startWork(name, title, run) {
  const work = of(name);
  const { id, name: by } = session.peek() ?? {};
  if (work.peek()?.state === "running" && work.peek().of === id) return;
  const key = {};
  work.value = { title, done: 0, total: 0, notes: [], state: "running", by, of: id, key };
  const isMine = () => work.peek()?.key === key;
  const change = (changes) => isMine() && (work.value = { ...work.peek(), ...changes });
  const step = (changes = {}) => {
    change(changes);
    return isMine() && !work.peek().stopping && session.peek()?.id === id;
  };
  try {
    await run(step);
    change({ state: step() ? "done" : "stopped" });
  } catch (error) {
    change({ state: "failed", error });
  }
}

const stopWork = (name) => (of(name).value = { ...of(name).peek(), stopping: true });

const SAYS = { running: "", stopped: "Stopped. ", done: "Done. ", failed: "" };

/** How it stands; `unit` is one of what is counted, `done` what comes of it. What stands inside comes below. */
export function Work({ name, unit, done = "", children }) {
  const work = workOf(name);
  const runs = work?.state === "running";
  useEffect(() => {
    if (!runs) return undefined;
    const ask = (event) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [runs]);
  if (!work) return null;
  const far = work.total ? `${count(work.done)} of ${many(work.total, unit)}` : many(work.done, unit);
  return html`<div class="stack" data-work=${name}>
    <h3>${work.title}</h3>
    <div class="row">
      ${work.total > 0 && html`<progress aria-label=${work.title} max=${work.total} value=${work.done}></progress>`}
      <span role="status" aria-live=${runs ? "off" : "polite"}>${SAYS[work.state]}${far}${done && ` ${done}`}</span>
      ${runs && html`<button class="small" disabled=${work.stopping} onClick=${() => stopWork(name)}>${work.stopping ? "Stopping …" : "Stop"}</button>`}
      ${!runs && html`<button class="plain small" onClick=${() => clearWork(name)}>Clear</button>`}
    </div>
    ${runs && html`<p class="muted small">You may look at other pages meanwhile. Keep this tab open.</p>`}
    ${work.error && html`<${Failed} error=${work.error} />`}
    ${work.notes.length > 0 && html`<details open><summary>${count(work.notes.length)} with a problem</summary>
      <ul class="list small">${work.notes.slice(0, 200).map((each) => html`<li>${each}</li>`)}</ul></details>`}
    ${children}
  </div>`;
}
